"""Polls: what is asked, who voted for what, and what Discord shows of it. Plain data and its payloads; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.discord.model.guild import Payload
from simulator.discord.model.ids import iso_of

POLL_RESULT = 46
"""Type of the message in which Discord says how a poll ended."""
HOUR_S = 3600.0
USUAL_HOURS = 24


@dataclass
class Poll:
    """A poll of a message. Answers are numbered from 1."""

    question: Payload
    answers: list[Payload]
    """Text and emoji of each answer, in order."""
    ends_s: float
    """When it ends by itself; seconds since 1970, by the world's clock."""
    is_multiple: bool = False
    is_final: bool = False
    """Whether it has ended, and the votes are counted."""
    votes: dict[int, list[int]] = field(default_factory=dict)
    """Ids of the voters of each answer, in the order of their votes."""

    @classmethod
    def from_request(cls, body: Payload, now_s: float) -> Poll:
        """Return the poll that a request asks for."""
        answers = [answer["poll_media"] for answer in body["answers"]]
        ends_s = now_s + float(body.get("duration") or USUAL_HOURS) * HOUR_S
        return cls(body["question"], answers, ends_s, bool(body.get("allow_multiselect")))

    def payload(self, user_id: int) -> Payload:
        """Return it as the API shows it to a user."""
        return {
            "question": self.question,
            "answers": [{"answer_id": number, "poll_media": media} for number, media in enumerate(self.answers, 1)],
            "expiry": iso_of(self.ends_s), "allow_multiselect": self.is_multiple, "layout_type": 1,
            "results": {
                "is_finalized": self.is_final,
                "answer_counts": [
                    {"id": number, "count": len(voters), "me_voted": user_id in voters}
                    for number, voters in sorted(self.votes.items())
                ],
            },
        }  # fmt: skip

    def lines(self) -> list[str]:
        """Return what people read in the poll: the question, each answer with its votes, and whether it has ended."""
        shown = [f"📊 {self.question.get('text', '')}"]
        for number, media in enumerate(self.answers, 1):
            count = len(self.votes.get(number, ()))
            shown.append(f"○ {media.get('text', '')} · {count} {'vote' if count == 1 else 'votes'}")
        return [*shown, *(["Poll closed"] * self.is_final)]

    def result_embed(self) -> Payload:
        """Return the embed that reports its result; without a winner if several answers have the most votes."""
        most = max((len(voters) for voters in self.votes.values()), default=0)
        first = [number for number, voters in sorted(self.votes.items()) if voters and len(voters) == most]
        values = {
            "poll_question_text": self.question.get("text", ""),
            "victor_answer_votes": most,
            "total_votes": sum(map(len, self.votes.values())),
        }
        if len(first) == 1:
            media = self.answers[first[0] - 1]
            values |= {"victor_answer_id": first[0], "victor_answer_text": media.get("text", "")}
        fields = [{"name": name, "value": str(value), "inline": False} for name, value in values.items()]
        return {"type": "poll_result", "fields": fields, "content_scan_version": 0}
