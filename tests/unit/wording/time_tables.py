"""Times as people write them, and what each is read as on a Monday at six in the evening."""

USUAL_ENGLISH = """
20:30                        2026-11-23T20:30
8pm                          2026-11-23T20:00
8 p.m.                       2026-11-23T20:00
8:15 PM                      2026-11-23T20:15
tonight 20.30                2026-11-23T20:30
tonight at 8                 2026-11-23T20:00
tonight                      19:00 20:00 20:30 21:00
tomorrow 8pm                 2026-11-24T20:00
20:30 tomorrow               2026-11-24T20:30
tomorrow evening             2026-11-24T19:00 2026-11-24T20:00 2026-11-24T20:30 2026-11-24T21:00
tomorrow at 8                2026-11-24T08:00 2026-11-24T20:00
day after tomorrow 8pm       2026-11-25T20:00
friday 20:30                 2026-11-27T20:30
Fri, 20:30                   2026-11-27T20:30
friday 8pm                   2026-11-27T20:00
friday at 8 pm               2026-11-27T20:00
friday @ 8pm                 2026-11-27T20:00
friday 20h                   2026-11-27T20:00
friday 8                     2026-11-27T08:00 2026-11-27T20:00
friday 8:30                  2026-11-27T08:30 2026-11-27T20:30
friday night                 2026-11-27T20:00 2026-11-27T21:00 2026-11-27T22:00 2026-11-27T23:00
this friday 8pm              2026-11-27T20:00
next friday 8pm              2026-11-27T20:00 2026-12-04T20:00
friday next week 8pm         2026-12-04T20:00
in 2 hours                   2026-11-23T20:00
in half an hour              2026-11-23T18:30
in 3 days at 8pm             2026-11-26T20:00
Nov 30 8pm                   2026-11-30T20:00
30 November 20:30            2026-11-30T20:30
November 30th at 8pm         2026-11-30T20:00
Dec 24, 2026 6pm             2026-12-24T18:00
the 5th at 8pm               2026-12-05T20:00
11/30 8pm                    2026-11-30T20:00
12/11 8pm                    2026-12-11T20:00
2/1 8pm                      2027-01-02T20:00 2027-02-01T20:00
2026-12-24 18:00             2026-12-24T18:00
2026-12-24T18:00             2026-12-24T18:00
24.12. 18:00                 2026-12-24T18:00
<t:1796068800:F>             2026-11-30T21:00
friday midnight              2026-11-27T00:00 2026-11-28T00:00
tomorrow noon                2026-11-24T12:00
8pm CET                      2026-11-23T20:00
"""
MORE_ENGLISH = """
17:30                        2026-11-24T17:30
18:00                        2026-11-24T18:00
12am                         2026-11-24T00:00
12pm                         2026-11-24T12:00
830pm friday                 2026-11-27T20:30
tonight 0:30                 2026-11-24T00:30
tonight at 1                 2026-11-24T01:00
at 12 tonight                2026-11-24T00:00
at 8                         2026-11-23T20:00 2026-11-24T08:00
at 12 on friday              2026-11-27T12:00 2026-11-28T00:00
friday 20                    2026-11-27T20:00?
monday 20:30                 2026-11-23T20:30
monday 17:00                 2026-11-30T17:00
friday 24:00                 2026-11-28T00:00
24 o'clock                   2026-11-24T00:00
tomorrow 8 o’clock           2026-11-24T08:00 2026-11-24T20:00
tonight at midnight          2026-11-24T00:00
12 midnight                  2026-11-24T00:00
midday on saturday           2026-11-28T12:00
12 noon 2026-12-24           2026-12-24T12:00
half past eight              2026-11-23T20:30 2026-11-24T08:30
quarter to 9 pm              2026-11-23T20:45
ten past nine friday evening 2026-11-27T21:10
8 in the evening             2026-11-23T20:00
friday 08:30                 2026-11-27T08:30
saturday morning at 9        2026-11-28T09:00
in an hour and a half        2026-11-23T19:30
in 1 hour 30 minutes         2026-11-23T19:30
in 2h30m                     2026-11-23T20:30
90 minutes from now          2026-11-23T19:30
in a week 8pm                2026-11-30T20:00
a week from friday 8pm       2026-12-04T20:00
friday week 8pm              2026-12-04T20:00
coming monday 8pm            2026-11-30T20:00
friday after next 8pm        2026-12-04T20:00 2026-12-11T20:00
friday 4 december 8pm        2026-12-04T20:00
friday 5 december 8pm        2026-12-04T20:00 2026-12-05T20:00
dec24 6pm                    2026-12-24T18:00
christmas eve 6pm            2026-12-24T18:00
24.12.2027 18:00             2027-12-24T18:00
11.12 20:30                  2026-12-11T20:30
29 feb 8pm                   2028-02-29T20:00
in 24 hours                  2026-11-24T18:00
friday 20:30h                2026-11-27T20:30
friday night 1am             2026-11-27T01:00 2026-11-28T01:00
2026-12-24T18:00Z            2026-12-24T19:00
2026-12-24 18:00+02:00       2026-12-24T17:00
tomorrow 8pm EST             2026-11-25T02:00
8pm cst                      2026-11-24T03:00 2026-11-24T13:00
friday 8pm Europe/London     2026-11-27T21:00
20:30 UTC+2                  2026-11-23T19:30
today 17:00                  2026-11-24T17:00!
yesterday 20:00              2026-11-23T20:00!
2025-12-24 18:00             2026-12-24T18:00!
22 nov 8pm                   2027-11-22T20:00!
Fri 4 Dec, 10:30             2026-12-04T10:30
around 8pm friday            2026-11-27T20:00
friday 8pm sharp             2026-11-27T20:00
sat 10.30pm                  2026-11-28T22:30
saturday 22h15               2026-11-28T22:15
5th of December 9pm          2026-12-05T21:00
Dec. 5th, 9 pm               2026-12-05T21:00
2026/12/05 21:00             2026-12-05T21:00
tmr 8                        2026-11-24T08:00 2026-11-24T20:00
this evening at 8            2026-11-23T20:00
in 45 min                    2026-11-23T18:45
in a couple of hours         2026-11-23T20:00
in two and a half hours      2026-11-23T20:30
today in 2 hours             2026-11-23T20:00
in 2 weeks 8pm               2026-12-07T20:00
in a fortnight 8pm           2026-12-07T20:00
two weeks from today 8pm     2026-12-07T20:00
half eight friday            2026-11-27T08:30 2026-11-27T20:30
quarter past 8pm             2026-11-23T20:15
8.30                         2026-11-23T20:30 2026-11-24T08:30
tomorrow at noon             2026-11-24T12:00
31/12 8pm                    2026-12-31T20:00
12/31 8pm                    2026-12-31T20:00
12-31 8pm                    2026-12-31T20:00
NYE 8pm                      2026-12-31T20:00
xmas eve 6pm                 2026-12-24T18:00
boxing day 8pm               2026-12-26T20:00
weds 8pm                     2026-11-25T20:00
8pm on Mon, Nov 30           2026-11-30T20:00
friday the 13th 8pm          2026-12-11T20:00 2026-12-13T20:00
next monday 8pm              2026-11-30T20:00
friday afternoon 3           2026-11-27T15:00
friday 12:30                 2026-11-27T12:30 2026-11-28T00:30
3 days from now at 8pm       2026-11-26T20:00
tomorrow 2:30                2026-11-24T02:30 2026-11-24T14:30
8:30 p.m. on Friday, December 4th 2026-12-04T20:30
"""
USUAL_GERMAN = """
20:30                        2026-11-23T20:30
20 Uhr                       2026-11-23T20:00
20 Uhr 30                    2026-11-23T20:30
20.30 Uhr                    2026-11-23T20:30
um 8                         2026-11-23T20:00 2026-11-24T08:00
heute abend                  19:00 20:00 20:30 21:00
heute Abend um 8             2026-11-23T20:00
heute Abend 20.15            2026-11-23T20:15
heute 24 Uhr                 2026-11-24T00:00
morgen, 20 Uhr               2026-11-24T20:00
morgen um 20 Uhr             2026-11-24T20:00
morgen um 8                  2026-11-24T08:00 2026-11-24T20:00
morgen früh um 9             2026-11-24T09:00
morgen abend um halb neun    2026-11-24T20:30
übermorgen                   2026-11-25T19:00 2026-11-25T20:00 2026-11-25T20:30 2026-11-25T21:00
übermorgen 20 Uhr            2026-11-25T20:00
freitag 20:30                2026-11-27T20:30
Fr 20:30 Uhr                 2026-11-27T20:30
am Freitag um 20 Uhr         2026-11-27T20:00
freitag um 20                2026-11-27T20:00
freitag um 8                 2026-11-27T08:00 2026-11-27T20:00
Freitagabend um acht         2026-11-27T20:00
diesen Freitag 20 Uhr        2026-11-27T20:00
kommenden Freitag 20 Uhr     2026-11-27T20:00
nächsten Freitag 20 Uhr      2026-11-27T20:00 2026-12-04T20:00
nächste Woche Freitag 20 Uhr 2026-12-04T20:00
am 24.12. um 20:30           2026-12-24T20:30
24. Dezember 20 Uhr          2026-12-24T20:00
24. Dez. um 20 Uhr           2026-12-24T20:00
24.12.2026 18:00             2026-12-24T18:00
11/12 20 Uhr                 2026-12-11T20:00
2026-12-24 18:00             2026-12-24T18:00
in zwei Stunden              2026-11-23T20:00
in einer halben Stunde       2026-11-23T18:30
in drei Tagen um 20 Uhr      2026-11-26T20:00
halb neun                    2026-11-23T20:30 2026-11-24T08:30
Viertel vor acht             2026-11-23T19:45 2026-11-24T07:45
Viertel nach acht abends     2026-11-23T20:15
Mitternacht                  2026-11-24T00:00
mittags                      2026-11-24T12:00
<t:1796068800:F>             2026-11-30T21:00
"""
MORE_GERMAN = """
am Freitag um Mitternacht    2026-11-27T00:00 2026-11-28T00:00
morgen Mittag                2026-11-24T12:00
um 8 heute Abend             2026-11-23T20:00
heute Abend um 1             2026-11-24T01:00
8 Uhr abends                 2026-11-23T20:00
um acht                      2026-11-23T20:00 2026-11-24T08:00
zwanzig Uhr                  2026-11-23T20:00
zwanzig Uhr dreißig          2026-11-23T20:30
fünf vor halb neun abends    2026-11-23T20:25
dreiviertel acht             2026-11-23T19:45 2026-11-24T07:45
zehn nach acht abends        2026-11-23T20:10
halb eins                    2026-11-24T00:30 2026-11-24T12:30
Freitag Abend                2026-11-27T19:00 2026-11-27T20:00 2026-11-27T20:30 2026-11-27T21:00
Freitag morgen um 9          2026-11-27T09:00
Samstagnacht um 1            2026-11-28T01:00 2026-11-29T01:00
So 20:15                     2026-11-29T20:15
Sonnabend 20 Uhr             2026-11-28T20:00
in anderthalb Stunden        2026-11-23T19:30
in 1,5 Stunden               2026-11-23T19:30
in einer Dreiviertelstunde   2026-11-23T18:45
in 90 Minuten                2026-11-23T19:30
in einer Woche um 20 Uhr     2026-11-30T20:00
Freitag in einer Woche 20 Uhr 2026-12-04T20:00
Freitag in zwei Wochen 20 Uhr 2026-12-11T20:00
übernächsten Freitag 20 Uhr  2026-12-04T20:00 2026-12-11T20:00
am 24. um 20 Uhr             2026-11-24T20:00
den 4. Dezember um halb neun abends 2026-12-04T20:30
Freitag, den 4. Dezember, 20 Uhr 2026-12-04T20:00
Fr. 4.12. 20:30              2026-12-04T20:30
Sa 4.12. 20:30               2026-12-04T20:30 2026-12-05T20:30
Heiligabend 18 Uhr           2026-12-24T18:00
Silvester um 21 Uhr          2026-12-31T21:00
1.2. 18 Uhr                  2027-02-01T18:00
20 Uhr MEZ                   2026-11-23T20:00
20 Uhr UTC                   2026-11-23T21:00
8 am                         2026-11-24T08:00
8 am freitag                 2026-11-27T08:00 2026-11-27T20:00
friday 8pm                   2026-11-27T20:00
in acht Tagen 20 Uhr         2026-11-30T20:00 2026-12-01T20:00
heute in einer Woche 20 Uhr  2026-11-30T20:00
Montag in 14 Tagen 20 Uhr    2026-12-07T20:00
so um 20 Uhr                 2026-11-23T20:00 2026-11-29T20:00
punkt 20 Uhr                 2026-11-23T20:00
halb 9 Uhr abends            2026-11-23T20:30
ab 20 Uhr                    2026-11-23T20:00
gestern 20 Uhr               2026-11-23T20:00!
heute um 17 Uhr              2026-11-24T17:00!
Fr 4 Dez, 10:30              2026-12-04T10:30
Freitag 20 Uhr pünktlich     2026-11-27T20:00
Freitag gegen 8              2026-11-27T08:00 2026-11-27T20:00
so gegen 20 Uhr              2026-11-23T20:00 2026-11-29T20:00
ca. 20 Uhr                   2026-11-23T20:00
halb acht                    2026-11-23T19:30 2026-11-24T07:30
halb 8                       2026-11-23T19:30 2026-11-24T07:30
8.30                         2026-11-23T20:30 2026-11-24T08:30
20.30                        2026-11-23T20:30
viertel acht                 2026-11-23T19:15 2026-11-24T07:15
5 nach halb 9 abends         2026-11-23T20:35
20Uhr                        2026-11-23T20:00
20:15h                       2026-11-23T20:15
12 Uhr                       2026-11-24T00:00 2026-11-24T12:00
1 Uhr nachts                 2026-11-24T01:00
heute Nacht um 1             2026-11-24T01:00
heute in 2 Stunden           2026-11-23T20:00
in ner Stunde                2026-11-23T19:00
in 'ner Viertelstunde        2026-11-23T18:15
in der Früh um 9             2026-11-24T09:00
in 2 Wochen 20 Uhr           2026-12-07T20:00
in 14 Tagen 20 Uhr           2026-12-07T20:00
Samstag in acht Tagen 20 Uhr 2026-12-05T20:00
Freitag in 14 Tagen 20 Uhr   2026-12-11T20:00
morgen in einer Woche 20 Uhr 2026-12-01T20:00
Montag nächste Woche 20 Uhr  2026-11-30T20:00
am kommenden Samstag 20:15   2026-11-28T20:15
20 Uhr am Freitag            2026-11-27T20:00
3.Dezember 20 Uhr            2026-12-03T20:00
03.12.26 20:15               2026-12-03T20:15
31.12. 20 Uhr                2026-12-31T20:00
12/31 20:00                  2026-12-31T20:00
Freitag der 13. 20 Uhr       2026-12-11T20:00 2026-12-13T20:00
2. Weihnachtstag 20 Uhr      2026-12-26T20:00
am ersten Weihnachtstag um 18 Uhr 2026-12-25T18:00
Nikolaus 20 Uhr              2026-12-06T20:00
Freitag 24 Uhr               2026-11-28T00:00
Freitag 0 Uhr                2026-11-27T00:00
zwanzig Uhr fünfzehn         2026-11-23T20:15
nachmittags um 3             2026-11-24T15:00
Freitag, der 4. Dezember um 20:15 2026-12-04T20:15
"""
