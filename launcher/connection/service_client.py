"""Lets the command line ask a running service."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TypeVar

from actors.address import join_address
from actors.runtime.errors import ActorError, ActorUnavailable, AskTimeout, MailboxFull, UnexpectedAnswer
from actors.runtime.process import make_endpoint
from actors.runtime.transport.addressed_frames import AddressedTransport
from actors.runtime.transport.factory import open_transport
from launcher.connection.run_state import read_running_state
from messages import Answer, Question

_NAME = "command line"
AnswerT = TypeVar("AnswerT", bound=Answer)


class NotReachedError(RuntimeError):
    """Raised if there is no answer: no service runs, it does not answer, or it refuses. The text says what to do."""


class ServiceClient:
    """Asks the actors of the service on one data folder. Use it with `with`, in one thread."""

    def __init__(self, data_dir: Path, community: str = "") -> None:
        """Ask the actors of `community`. Creates no file. Raises NotReachedError if no service runs on the folder."""
        state = read_running_state(data_dir)
        if state is None:
            raise NotReachedError(
                f"No service runs on {data_dir.absolute()}. Start it with 'python run.py', "
                "or set DATA_DIR to the folder of the one that runs."
            )
        self.pid = state.launcher.pid
        self._community = community
        transport = AddressedTransport(_NAME, open_transport(_NAME, state.network, listen=False))
        self._endpoint = make_endpoint(_NAME, transport, data_dir)

    def ask(self, question: Question[AnswerT], timeout_s: float = 5.0) -> AnswerT:
        """Ask the actor that the question is for, and wait for its answer. Raises NotReachedError."""
        actor = join_address(question.receiver, self._community)
        try:
            return self._endpoint.ask(actor, question, timeout_s)
        except AskTimeout:
            raise NotReachedError(
                f"The service runs (process {self.pid}), but its {actor} did not answer within {timeout_s:g} s. "
                "'python run.py health' shows how its actors are; its log says why."
            ) from None
        except MailboxFull:
            raise NotReachedError(
                f"The service (process {self.pid}) has too much to do: its {actor} takes no more messages now. "
                "Try again in a few seconds; 'python run.py health' shows how its actors are."
            ) from None
        except ActorUnavailable:
            raise NotReachedError(
                f"The service runs (process {self.pid}), but its {actor} does not now: it is being started again, or "
                "has failed. 'python run.py health' shows how its actors are; its log says why."
            ) from None
        except UnexpectedAnswer as error:
            raise NotReachedError(f"The service (process {self.pid}): {error} Restart it.") from error
        except ActorError as error:
            raise NotReachedError(f"The service (process {self.pid}) answers: {error}") from error

    def __enter__(self) -> ServiceClient:
        logging.getLogger(_NAME).setLevel(logging.ERROR)
        return self

    def __exit__(self, *_: object) -> None:
        self._endpoint.close()
