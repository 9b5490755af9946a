"""Update and compile every catalogue; `--new fr` adds a language, `--check` changes nothing."""

import sys

from languages.catalogues import (
    catalogue_path,
    compile_mo,
    format_po,
    list_languages,
    list_untranslated,
    update_catalogue,
)


def main(arguments: list[str]) -> int:
    """Write the catalogues and report what is left to translate; with --check return 1 if anything is left or old."""
    check = "--check" in arguments
    begun = [arguments[arguments.index("--new") + 1]] if "--new" in arguments else []
    status = 0
    for language in [*list_languages(), *begun]:
        catalogue, path = update_catalogue(language), catalogue_path(language)
        for file, content in ((path, format_po(catalogue)), (path.with_suffix(".mo"), compile_mo(catalogue))):
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            elif not file.is_file() or file.read_bytes() != content:
                sys.stderr.write(f"{file} is not current: run 'make languages'.\n")
                status = 1
        if left := list_untranslated(catalogue):
            sys.stderr.write(f"{language}: {len(left)} texts to translate in {path}\n")
            status |= check
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
