"""What an answer comes to: a sentence for each vulnerability that is not allowed; an honest word where none came."""

from collections.abc import Iterator, Mapping, Sequence

from codex_audit.asking import Advisory, Answer

NOBODY = (
    "Not audited: no database of vulnerabilities can be reached from here ({tried}). This says nothing about what is "
    "locked; run scripts/audit where the network is."
)


def knows_any(answer: Answer) -> bool:
    """Tell whether a database knows any of the packages; a mirror without advisories does not."""
    return len(answer.skipped) < answer.asked


def forbidden(answer: Answer, allowed: Mapping[str, str]) -> list[str]:
    """Return a sentence for each vulnerability that is not allowed."""
    return [_sentence(each) for each in answer.advisories if not allowed.keys() & set(each.names)]


def remarks(answer: Answer, allowed: Mapping[str, str]) -> Iterator[str]:
    """Yield what else there is to know: what was let pass and why, what was not asked about, what is not needed."""
    found = {name for each in answer.advisories for name in each.names}
    for each in answer.advisories:
        for name in sorted(allowed.keys() & set(each.names)):
            yield f"Let pass: {each.package} has {name}. {allowed[name]}"
    for name in sorted(allowed.keys() - found):
        yield f"{name} is allowed, but nothing that is locked has it: requirements/allowed.toml can do without."
    if answer.skipped:
        yield f"{answer.database} does not know {', '.join(answer.skipped)}: not audited."


def nobody(tried: Sequence[str]) -> str:
    """Return the sentence for when nobody could be asked; `tried` is who, and what came of it."""
    return NOBODY.format(tried="; ".join(tried))


def _sentence(advisory: Advisory) -> str:
    first, *others = advisory.names
    known_as = f" ({', '.join(others)})" if others else ""
    mended = f"It is mended in {' and '.join(advisory.fixed_in)}" if advisory.fixed_in else "No version mends it yet"
    return (
        f"{advisory.package} has the known vulnerability {first}{known_as}. {mended}: run scripts/lock "
        f"--upgrade-package {advisory.package.partition(' ')[0]}, or name it in requirements/allowed.toml with the "
        "reason why it does no harm here."
    )
