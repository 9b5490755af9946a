"""Brings every catalogue up to date and compiles it; `--new fr` begins one more, `--check` only looks."""

import sys

from languages.catalogues import compiled, languages, source_of, untranslated, updated, written


def main(arguments: list[str]) -> int:
    """Write, and say what is left to translate; with --check 1 where that is anything, or where a file is old."""
    check = "--check" in arguments
    begun = [arguments[arguments.index("--new") + 1]] if "--new" in arguments else []
    status = 0
    for language in [*languages(), *begun]:
        catalogue, path = updated(language), source_of(language)
        for file, content in ((path, written(catalogue)), (path.with_suffix(".mo"), compiled(catalogue))):
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            elif not file.is_file() or file.read_bytes() != content:
                sys.stderr.write(f"{file} is not current: run 'make languages'.\n")
                status = 1
        if left := untranslated(catalogue):
            sys.stderr.write(f"{language}: {len(left)} texts to translate in {path}\n")
            status |= check
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
