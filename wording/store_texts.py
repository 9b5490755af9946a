"""Texts of problems with the store, its backups and its files, and their cures."""

from typing import Final

from wording.translation import N_

STORE: Final = {
    "save.report_withheld": N_(
        "What is watched on Plex server {server} cannot be reported ({count} watches): the last report of it stays "
        "saved, and each watch is saved again when it ends."
    ),
    "save.failed": N_("The last save failed: {error}"),
    "badges.own_left_out": N_("Your own badges are left out until badges.toml is fixed: {error}"),
    "backup.scheduled_failed": N_("The scheduled backup failed, and there is no other: {error}"),
    "backup.scheduled_failed_since": N_("The scheduled backup failed, and the newest is {hours} hours old: {error}"),
    "backup.overdue": N_(
        "The newest backup is {hours} hours old, and one should be made every {interval} hours: look at the log, and "
        "at the folder of backups"
    ),
    "backup.never_made": N_(
        "No backup was made within {hours} hours, and one should be made every {interval} hours: look at the log, and "
        "at the folder of backups"
    ),
    "save.unstorable": N_(
        "{store}: {cause} (the store cannot hold that value, and trying again won't help: please report this line)"
    ),
    "save.retry": N_("{store}: {cause} ({cure}; nothing in memory is lost, the next save tries again)"),
    "save.store_moved": N_("{what}. {rescue} Nothing in memory is lost."),
    "store.gone": N_("{file} is gone: it, or a folder above it, was removed or renamed"),
    "store.replaced": N_("{file} was replaced by another file"),
    "store.rescued": N_(
        "What was in it is in {copy}: put the file back in its place, or stop Usher and use: "
        "python run.py restore {copy}."
    ),
    "store.not_rescued": N_("No copy of it could be made ({error}): put it back in its place."),
    "store.folder_gone": N_("The data folder {folder} is gone."),
    "cure.put_back": N_("Put it back in its place, or start Usher again."),
    "shape.foreign": N_("it has a {kind} that is not Usher's ({name})"),
    "shape.no_table": N_("it lacks the table {table}"),
    "shape.no_column": N_("its table {table} lacks the column {column}"),
    "shape.other_column": N_("in its table {table} the column {column} is of another kind"),
    "shape.foreign_column": N_("its table {table} has a column that is not Usher's ({column})"),
    "shape.foreign_unique": N_("its table {table} has a unique index that is not Usher's"),
    "shape.foreign_rule": N_("its table {table} has a rule that is not Usher's ({rule})"),
    "shape.too_many_tables": N_("it has {count} tables, and at most {most} are read"),
    "shape.too_many_facts": N_("its table facts has {count} rows, more than Usher writes"),
    "shape.not_unique": N_("its table {table} may hold a row twice"),
    "shape.unreadable_value": N_("a value of {column} cannot be read ({error})"),
    "shape.wrong_value": N_("a value of {column} is of the wrong kind"),
    "shape.no_choice": N_("{value} is none of the choices of {column}"),
    "shape.unreadable_fact": N_("its fact {name} cannot be read ({error})"),
    "store.unreadable": N_("The store cannot be read now: {cause}. {cure:sentence}."),
    "store.with_cure": "{found} {cure}",
    "summaries.filling": N_(
        "Usher is counting up everything that was watched, once: {percent} % is done. Try again in a few minutes."
    ),
    "answer.too_slow": N_(
        "Counting that took longer than {seconds} s and was stopped. Ask for less: one title, one viewer, "
        "a shorter time."
    ),
    "store.waits": N_("{reason} Usher waits for it, and tries again."),
    "store.unusable": N_("The store {store} cannot be used: {cause}."),
    "store.unusable_now": N_("The store {store} cannot be used now: {cause}."),
    "store.in_use": N_("The store {store} is in use by {owner}."),
    "cure.stop_other_service": N_(
        "Stop that one first (Ctrl-C, or SIGTERM to it), or name another store in DATABASE_URL or DATA_DIR."
    ),
    "store.no_driver": N_("The store {store} cannot be used: there is no driver for it ({error})."),
    "store.is_folder": N_("The store {store} is a folder."),
    "store.not_migrated": N_("The store {store} cannot be migrated now: {error}"),
    "store.encoding": N_(
        "The store {store} cannot be used: its database has the encoding {encoding}, which cannot "
        "hold every title and name. Nothing was written to it."
    ),
    "cure.sentence": "{cure:sentence}.",
    "cure.let_user_in": N_(
        "let that user in on the server, or put the right user and password into DATABASE_URL and start Usher again"
    ),
    "cure.create_database": N_("make it on the server, or name another in DATABASE_URL and start Usher again"),
    "cure.grant": N_("give the user of DATABASE_URL that right on the server (GRANT)"),
    "cure.start_server": N_(
        "start the database's server, and see that it can be reached at the address in DATABASE_URL"
    ),
    "cure.await_server": N_("check that its server is up and accepts one more connection"),
    "folder.refuses": N_("its folder {folder} refuses {what}, as some network shares do"),
    "folder.with_cure": N_("{cause:sentence}: {cure}."),
    "refused.locks": N_("locks"),
    "refused.shared_memory": N_("shared memory (mmap)"),
    "refused.replacing": N_("to replace a file"),
    "refused.log": N_("SQLite's write-ahead log"),
    "cure.leave_share": N_(
        "put it on a disk of this machine (DATA_DIR), or the store on a PostgreSQL server (DATABASE_URL)"
    ),
    "store.foreign_log": N_("The store {store} cannot be used: {file} beside it is no write-ahead log of SQLite."),
    "cure.move_log": N_("Move {file} away: somebody else put it there. Nothing was written."),
    "cure.close_program": N_("another program holds it: close that program"),
    "cure.free_disk": N_("make room on the disk"),
    "cure.raise_quota": N_("free space within the quota of Usher's user, or have the quota raised"),
    "cure.allow_larger_files": N_("make room on the disk, or raise the limit on the size of files (ulimit -f)"),
    "cure.check_disk": N_(
        "the disk or the network share fails to read or to write: check it, its cable and the log of the system"
    ),
    "cure.mount_for_writing": N_(
        "the disk is mounted read-only: mount it for writing; if the cause was an error, it is in the log of the system"
    ),
    "cure.mount_share_again": N_(
        "the network share, or the disk, is away: see that its server runs, and mount it again"
    ),
    "cure.raise_open_files": N_("too many files are open: raise that limit (ulimit -n) and start Usher again"),
    "cure.free_memory": N_("this machine is out of memory: end other programs, or give it more"),
    "cure.put_folder_back": N_("the file or its folder is gone: put it back in its place"),
    "cure.move_file_away": N_("a file is in the place of a folder: move it away, or name another path"),
    "cure.move_folder_away": N_("a folder is in the place of the file: move it away"),
    "cure.shorten_path": N_("the path is too long: name a shorter one in DATA_DIR"),
    "cure.mend_link": N_("symbolic links lead in a circle: mend them, or name another path"),
    "cure.read_again": N_(
        "a second reading found it sound: the disk or the network share failed to read; check it, its cable and the "
        "log of the system"
    ),
    "cure.examine_store": N_(
        "reading failed, which need not mean that the store is damaged: stop Usher and use: python run.py check; it "
        "reads everything, and names a backup if one is needed"
    ),
    "cure.allow_write": N_("give Usher's user the right to write there"),
    "cure.allow_read": N_("give Usher's user the right to read it"),
    "cure.allow_read_and_write": N_("give Usher's user the right to write there, and to read"),
    "cure.restore_backup": N_("stop Usher and bring back a backup with: python run.py restore FILE"),
    "cure.make_reachable": N_("check that it can be reached and written to"),
    "cure.mend_url": N_("Correct DATABASE_URL."),
    "cure.name_file": N_("Name a file in it in DATABASE_URL."),
    "cure.install_driver": N_("For PostgreSQL, begin DATABASE_URL with postgresql+psycopg://."),
    "cure.create_utf8_database": N_(
        "Make one in UTF8 on the server (createdb -E UTF8 -T template0 -l C NAME), and name it in DATABASE_URL."
    ),
    "backup.postgresql": N_(
        "The store is PostgreSQL: back it up with pg_dump --format=custom, bring it back with pg_restore."
    ),
    "backup.postgresql_schema": N_(
        "The store is the schema {schema} of a PostgreSQL database: back it up alone with pg_dump --format=custom "
        "--schema={schema}, bring it back with pg_restore --clean --if-exists."
    ),
    "backup.no_folder": N_("There is no folder {folder} for the backup: make it, or name another."),
    "backup.part_of_store": N_("{file} belongs to the store itself: name another file for the backup."),
    "backup.is_folder": N_("{file} is a folder: name a file in it for the backup."),
    "backup.foreign_file": N_("{file} is there already and is no backup: name another file, or move it away."),
    "backup.no_store": N_("There is no store {store} to back up."),
    "backup.is_store": N_("{file} is the store itself: name another file for the backup."),
    "backup.differs": N_("The backup {file} does not hold what the store holds: it was not kept."),
    "backup.failed": N_("The backup to {file} failed: {cause}. {cure:sentence}."),
    "backup.unread": N_("{file} cannot be read now: {cause}. {cure:sentence}, then try again."),
    "backup.damaged": N_("{file} is damaged ({verdict}): name another backup."),
    "backup.not_ushers": N_("{file} is no store of Usher: name a backup that it made."),
    "backup.unsound": N_("{file} is damaged ({error}): name another backup."),
    "backup.unworkable": N_("{file} is no store that Usher can work with: {fault}. Name another backup."),
    "backup.newer": N_("{file} was written by a newer Usher: update this one first."),
    "restore.no_file": N_("There is no file {file} to restore."),
    "restore.no_such_file": N_("There is no file {file} to restore: 'python run.py backup' makes one."),
    "restore.is_store": N_("{file} is the store itself: name a backup."),
    "restore.differs": N_("The copy of {file} does not hold what it holds: the store is as it was."),
    "restore.failed": N_("{file} could not be restored: {cause}. {cure:sentence}. The store is as it was."),
    "restore.old_store_held": N_(
        "The old store {store} cannot be put aside: {cause}. {cure:sentence}, or move it away. Nothing was changed."
    ),
    "restore.old_store_unreadable": N_(
        "The old store {store} cannot be read: {cause}. What people asked for must hold in the restored one too: "
        "nothing was changed. {cure:sentence}, or move it away."
    ),
}
