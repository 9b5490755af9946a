"""Figures for Prometheus: the actors' health and how many people watch; no names and no titles."""

from collections.abc import Iterable, Sequence

from messages import ActorHealth, Screening

_STATES = ("starting", "running", "degraded", "restarting", "stopped", "failed")


def format_metrics(actors: Sequence[ActorHealth], screenings: Sequence[Screening], open_pages: int) -> str:
    """Return the figures in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []

    def add(name: str, kind: str, about: str, samples: Iterable[tuple[str, float]]) -> None:
        lines.extend((f"# HELP {name} {about}", f"# TYPE {name} {kind}"))
        lines.extend(f"{name}{labels} {value:g}" for labels, value in samples)

    def by_actor(figure: str, factor: float = 1.0) -> list[tuple[str, float]]:
        return [(f'{{actor="{each.actor}"}}', getattr(each, figure) * factor) for each in actors]

    states = [
        (f'{{actor="{each.actor}",state="{state}"}}', float(each.state == state))
        for each in actors
        for state in _STATES
    ]
    watching = sum(seat.present for screening in screenings for seat in screening.seats)
    add("usher_actor_state", "gauge", "1 for the state that an actor is in.", states)
    add("usher_actor_uptime_seconds", "gauge", "Time since its process was started.", by_actor("uptime_s"))
    add("usher_actor_restarts_total", "counter", "How often it was restarted.", by_actor("restarts"))
    add("usher_actor_mailbox_messages", "gauge", "Messages that wait for it.", by_actor("mailbox_depth"))
    add("usher_actor_handled_total", "counter", "Messages handled since its start.", by_actor("handled"))
    add("usher_actor_resident_bytes", "gauge", "Memory of its process.", by_actor("rss_mb", 1e6))
    add("usher_actor_dead_letters_total", "counter", "Messages that were set aside.", by_actor("dead_letters"))
    add("usher_screenings", "gauge", "Films that play now.", [("", float(len(screenings)))])
    add("usher_viewers_watching", "gauge", "Viewers who watch now.", [("", float(watching))])
    add("usher_open_pages", "gauge", "Pages that are open in browsers.", [("", float(open_pages))])
    return "\n".join(lines) + "\n"
