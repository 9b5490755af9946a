"""The default library: some thirty films, two series, and one of each unusual item. Pure."""

from simulator.plex.world.library import EXTRAS, MUSIC, PHOTOS, PREROLLS, SHOWS, ItemGroup, LibraryItem, PlexLibrary

FILMS: tuple[tuple[str, int, int, tuple[str, ...], tuple[str, ...]], ...] = (
    ("A Trip to the Moon", 1902, 13, ("Science Fiction", "Adventure"), ("Georges Méliès",)),
    ("The Cabinet of Dr. Caligari", 1920, 76, ("Horror", "Mystery"), ("Robert Wiene",)),
    ("Nosferatu", 1922, 94, ("Horror", "Fantasy"), ("F. W. Murnau",)),
    ("The General", 1926, 78, ("Comedy", "Action", "War"), ("Buster Keaton", "Clyde Bruckman")),
    ("Metropolis", 1927, 153, ("Science Fiction", "Drama"), ("Fritz Lang",)),
    ("Sunrise", 1927, 94, ("Drama", "Romance"), ("F. W. Murnau",)),
    ("The Passion of Joan of Arc", 1928, 82, ("Drama", "History"), ("Carl Theodor Dreyer",)),
    ("M", 1931, 111, ("Crime", "Thriller"), ("Fritz Lang",)),
    ("City Lights", 1931, 87, ("Comedy", "Romance"), ("Charles Chaplin",)),
    ("Duck Soup", 1933, 69, ("Comedy", "War"), ("Leo McCarey",)),
    ("Modern Times", 1936, 87, ("Comedy", "Romance"), ("Charles Chaplin",)),
    ("His Girl Friday", 1940, 92, ("Comedy", "Romance"), ("Howard Hawks",)),
    ("Casablanca", 1942, 102, ("Drama", "Romance", "War"), ("Michael Curtiz",)),
    ("It's a Wonderful Life", 1946, 130, ("Drama", "Fantasy"), ("Frank Capra",)),
    ("The Third Man", 1949, 104, ("Thriller", "Mystery"), ("Carol Reed",)),
    ("D.O.A.", 1950, 83, ("Crime", "Mystery"), ("Rudolph Maté",)),
    ("Rashomon", 1950, 88, ("Crime", "Drama", "Mystery"), ("Akira Kurosawa",)),
    ("Singin' in the Rain", 1952, 103, ("Comedy", "Musical"), ("Gene Kelly", "Stanley Donen")),
    ("Seven Samurai", 1954, 207, ("Action", "Drama"), ("Akira Kurosawa",)),
    ("Charade", 1963, 113, ("Comedy", "Mystery", "Romance"), ("Stanley Donen",)),
    ("Night of the Living Dead", 1968, 96, ("Horror", "Thriller"), ("George A. Romero",)),
    ("2001: A Space Odyssey", 1968, 149, ("Science Fiction", "Adventure"), ("Stanley Kubrick",)),
    ("M*A*S*H", 1970, 116, ("Comedy", "War"), ("Robert Altman",)),
    ("Alien", 1979, 117, ("Horror", "Science Fiction"), ("Ridley Scott",)),
    ("Blade Runner", 1982, 117, ("Science Fiction", "Thriller"), ("Ridley Scott",)),
    ("The Princess Bride", 1987, 98, ("Adventure", "Comedy", "Fantasy"), ("Rob Reiner",)),
    ("Groundhog Day", 1993, 101, ("Comedy", "Fantasy", "Romance"), ("Harold Ramis",)),
    ("Amélie", 2001, 122, ("Comedy", "Romance"), ("Jean-Pierre Jeunet",)),
    ("Spirited Away", 2001, 125, ("Animation", "Fantasy"), ("Hayao Miyazaki",)),
    ("Big Buck Bunny", 2008, 10, ("Animation", "Comedy"), ("Sacha Goedegebuure",)),
    ("Sintel", 2010, 15, ("Animation", "Fantasy"), ("Colin Levy",)),
    ("Tears of Steel", 2012, 12, ("Science Fiction", "Action"), ("Ian Hubert",)),
    ("Mad Max: Fury Road", 2015, 120, ("Action", "Adventure"), ("George Miller",)),
    ("Parasite", 2019, 132, ("Drama", "Thriller"), ("Bong Joon Ho",)),
)
"""Title, year, minutes, genres, directors. Some films share a director, a year, a length or a letter of the title on
purpose; one title is full of Discord's markdown."""

SERIES: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("The Twilight Zone", 1959, 25, ("Where Is Everybody?", "One for the Angels", "Mr. Denton on Doomsday")),
    (
        "Sherlock Holmes",
        1954,
        27,
        ("The Case of the Cunningham Heritage", "The Case of Lady Beryl", "The Case of the Pennsylvania Gun"),
    ),
)
"""Title, year, minutes of an episode, titles of the first season's episodes."""


def build_default_library() -> PlexLibrary:
    """Build a fresh library: films from rating key 1001, series from 2001, unusual items from 9001."""
    library = PlexLibrary()
    for number, (title, year, minutes, genres, directors) in enumerate(FILMS, start=1001):
        library.add_movie(title, minutes=minutes, year=year, genres=genres, directors=directors, rating_key=str(number))
    for number, series in enumerate(SERIES):
        _add_series(library, 2001 + 100 * number, *series)
    _add_odd_things(library)
    return library


def _add_series(
    library: PlexLibrary, first_key: int, title: str, year: int, minutes: int, episodes: tuple[str, ...]
) -> None:
    show_key, season_key = str(first_key), str(first_key + 1)
    library.groups[show_key] = ItemGroup(show_key, "show", title, SHOWS, year)
    library.groups[season_key] = ItemGroup(season_key, "season", "Season 1", SHOWS, year, 1, show_key, title)
    for number, name in enumerate(episodes, start=1):
        key = first_key + 1 + number
        library.add(
            LibraryItem(
                str(key),
                "episode",
                name,
                SHOWS,
                year,
                minutes * 60_000,
                ("Drama",),
                guid=f"plex://episode/{key:024x}",
                parent_key=season_key,
                parent_title="Season 1",
                grandparent_key=show_key,
                grandparent_title=title,
                parent_index=1,
                index=number,
            )
        )


def _add_odd_things(library: PlexLibrary) -> None:
    """Add one item of each kind that a session can play besides films and episodes."""
    library.groups["9001"] = ItemGroup("9001", "artist", "Scott Joplin", MUSIC)
    library.groups["9002"] = ItemGroup("9002", "album", "Rags", MUSIC, 1902, 1, "9001", "Scott Joplin")
    for item in (
        _build_tracks_item("9003", "The Entertainer", 1, 240_000),
        _build_tracks_item("9004", "Maple Leaf Rag", 2, 197_000),
        LibraryItem("9005", "track", "Theme", None, duration_ms=30_000, guid="library://theme/2001"),
        LibraryItem("9006", "photo", "The audience, row three", PHOTOS, 2024, guid="com.plexapp.agents.none://9006"),
        LibraryItem(
            "9007",
            "clip",
            "Metropolis - Trailer",
            EXTRAS,
            duration_ms=150_000,
            subtype="trailer",
            guid="file:///9007",
        ),
        LibraryItem(
            "9008",
            "clip",
            "Feature Presentation",
            PREROLLS,
            duration_ms=20_000,
            guid="analyzed.prerolls://9008",
        ),
        LibraryItem(
            "9009",
            "movie",
            "Holiday video",
            None,
            2023,
            600_000,
            subtype="clip",
            guid="com.plexapp.agents.none://9009",
        ),
        LibraryItem(
            "",
            "clip",
            "Evening News",
            live=True,
            guid="tv.plex.xmltv://programme/1",
            key="/livetv/sessions/news",
        ),
        LibraryItem(
            "",
            "episode",
            "The Late Film Club",
            live=True,
            guid="tv.plex.xmltv://programme/2",
            key="/livetv/sessions/club",
            grandparent_title="Film Club",
        ),
    ):
        library.add(item)


def _build_tracks_item(rating_key: str, title: str, index: int, duration_ms: int) -> LibraryItem:
    return LibraryItem(
        rating_key,
        "track",
        title,
        MUSIC,
        1902,
        duration_ms,
        ("Ragtime",),
        guid=f"plex://track/{int(rating_key):024x}",
        parent_key="9002",
        parent_title="Rags",
        grandparent_key="9001",
        grandparent_title="Scott Joplin",
        parent_index=1,
        index=index,
    )
