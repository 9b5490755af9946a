"""What people do with polls on Discord: vote, and change their votes; and the end of a poll's time."""

from __future__ import annotations

from simulator.discord.model.messages import ChannelMessage
from simulator.discord.model.polls import Poll
from simulator.discord.model.world import POLLS
from simulator.discord.user_actions import UserActions, WhoEver


class PollActions(UserActions):
    """Votes as members. Every method may be called from any thread."""

    def vote(self, who: WhoEver, message: ChannelMessage, answer: str | int, *, cast: bool = True) -> None:
        """Vote as somebody for an answer (its text or number), or with `cast=False` take the vote back.

        If only one answer may be chosen, an earlier vote is removed. Raises LookupError if the poll has no such answer,
        or has ended.
        """
        member = self.member(who)
        with self.world.changed:
            poll = self._require_open_poll(message)
            number = self._find_answer_number(poll, answer)
            if cast and not poll.is_multiple:
                for other, voters in poll.votes.items():
                    if other != number and member.id in voters:
                        self._change_vote(message, poll, member.id, other, cast=False)
            self._change_vote(message, poll, member.id, number, cast=cast)

    def end_poll(self, message: ChannelMessage) -> None:
        """End a poll as if its time were over."""
        with self.world.changed:
            self._require_open_poll(message)
            self.world.end_poll(message)

    @staticmethod
    def _require_open_poll(message: ChannelMessage) -> Poll:
        if message.poll is None or message.poll.is_final:
            raise LookupError("The message has no poll that is open")
        return message.poll

    @staticmethod
    def _find_answer_number(poll: Poll, answer: str | int) -> int:
        texts = [media.get("text") for media in poll.answers]
        if isinstance(answer, str) and answer in texts:
            return texts.index(answer) + 1
        if isinstance(answer, int) and 1 <= answer <= len(texts):
            return answer
        raise LookupError(f"{answer!r} is no answer; there are {texts}")

    def _change_vote(self, message: ChannelMessage, poll: Poll, user_id: int, number: int, *, cast: bool) -> None:
        voters = poll.votes.setdefault(number, [])
        if cast == (user_id in voters):
            return
        (voters.append if cast else voters.remove)(user_id)
        self.world.changed.notify_all()
        guild, _ = self.world.find_channel(message.channel_id) or (None, None)
        data = {
            "user_id": str(user_id), "channel_id": str(message.channel_id), "message_id": str(message.id),
            "answer_id": number,
        } | ({"guild_id": str(guild.id)} if guild else {})  # fmt: skip
        self.world.dispatch(f"MESSAGE_POLL_VOTE_{'ADD' if cast else 'REMOVE'}", data, POLLS)
