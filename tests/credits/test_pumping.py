"""Numbers that somebody made up are noticed; lists of ordinary shops are not. Bad input 49."""

import tracemalloc
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import campaignkit as ck
from campaignkit.credits import PumpingCode, PumpingFinding, PumpingSettings, find_pumping, usual_prefixes
from campaignkit.credits.ranges import prefix_counts, sorted_keys
from tests.addresses.phone_texts import REGIONS, e164
from tests.credits.lists import firm, mobile, shop, town

ROW, CROWD, PREFIX = PumpingCode.NUMBERS_IN_A_ROW, PumpingCode.CROWDED_BLOCK, PumpingCode.PREFIX_OUT_OF_PROPORTION


def codes(findings: tuple[PumpingFinding, ...]) -> list[PumpingCode]:
    return [finding.code for finding in findings]


def polish(random: Random) -> list[str]:
    return shop(random, PL=2_000)


# Somali numbers of one network, as lists of pumped numbers have them: expensive, and of nobody a florist knows.
def network(random: Random, count: int) -> list[str]:
    return [f"+25261{random.randrange(10**7):07}" for _ in range(count)]


QUIET = {
    "a Polish shop": lambda random: shop(random, PL=5_000),
    "a Polish shop with guests": lambda random: shop(random, PL=2_000, DE=150, LT=80, GB=60, FR=30),
    "three customers": lambda random: shop(random, PL=3),
    "one customer": lambda random: shop(random, PL=1),
    "nobody": lambda random: [],
    "Trier, by the border": lambda random: shop(random, DE=2_000, LU=600, FR=200),
    "St. Gallen, by two borders": lambda random: shop(random, CH=2_000, LI=300, AT=200),
    "La Seu, by the border": lambda random: shop(random, ES=800, AD=700),
    "Suwalki, by the border": lambda random: shop(random, PL=1_500, LT=500),
    "Faroe islands, every sixth islander": lambda random: shop(random, FO=9_000, GB=60),
    "New York and its Jamaicans": lambda random: shop(random, US=3_000, JM=120),
    "the only shop of a village": lambda random: town(random, 3_500, ("+1406555",)),
    "a town": lambda random: town(random, 4_000, ("+1406555", "+1406556", "+1406721")),
    "a town and its summer guests": lambda random: town(random, 1_000, ("+1406555",)) + shop(random, GB=200, DE=150),
    "a firm's phones in a long list": lambda random: shop(random, PL=30_000) + firm(random, 30, 601_234_500),
    "a firm's few phones": lambda random: polish(random) + firm(random, 19, 601_234_500),
    "all the world": lambda random: [
        mobile(random, country) for country in ("PL", "DE", "FR", "GB") for _ in range(500)
    ],
    "a list that is doubled": lambda random: 3 * shop(random, PL=1_000),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", QUIET.values(), ids=QUIET)
def test_lists_of_ordinary_shops_raise_no_alarm(make, seed):
    assert find_pumping(make(Random(seed))) == ()


@pytest.mark.parametrize("seed", range(5))
def test_numbers_of_all_countries_as_people_write_them_raise_no_alarm(seed):
    random = Random(seed)
    numbers = [e164(random, random.choice(REGIONS), ("mobile",)) for _ in range(2_000)]

    assert find_pumping(number for number in numbers if isinstance(ck.parse_phone(number), ck.PhoneNumber)) == ()


MADE_UP = {
    "a row": (lambda random: polish(random) + firm(random, 40, 601_234_500), [ROW]),
    "a row of just enough": (lambda random: polish(random) + firm(random, 20, 601_234_590), [ROW]),
    "rows of another country": (lambda random: polish(random) + [f"+4479119{n:05}" for n in range(300)], [ROW, PREFIX]),
    "every other number": (
        lambda random: polish(random) + [f"+4860123{n:04}" for n in range(400, 700) if n % 3],
        [CROWD],
    ),
    "a crowd without order": (
        lambda random: polish(random) + [f"+486012345{n:02}" for n in random.sample(range(100), 75)],
        [CROWD],
    ),
    "a block abroad": (
        lambda random: polish(random) + [f"+2526155{random.randrange(10**5):05}" for _ in range(80)],
        [PREFIX],
    ),
    "a block that outweighs the rest abroad": (
        lambda random: shop(random, PL=2_000, GB=60) + [f"+4479110{random.randrange(10**5):05}" for _ in range(90)],
        [PREFIX],
    ),
    "made up at home": (lambda random: shop(random, GB=50) + [f"+447911{n:06}" for n in range(500)], [ROW]),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("make", "expected"), MADE_UP.values(), ids=MADE_UP)
def test_made_up_numbers_raise_the_alarm(make, expected, seed):
    numbers = make(Random(seed))
    Random(seed).shuffle(numbers)

    assert codes(find_pumping(numbers)) == expected


def test_a_finding_says_how_many_and_where_and_names_nobody():
    (finding,) = find_pumping(polish(Random(1)) + firm(Random(1), 40, 601_234_500))

    assert finding.count == 40
    assert finding.samples == ("+4860123… (40)",)
    assert finding.message == "40 numbers follow upon each other without a gap, as numbers of customers do not."
    assert finding.remedy
    assert "601234" not in repr(finding)


def test_at_most_five_places_are_shown_the_fullest_first():
    rows = [f"+4860{row}0{n:05}" for row in range(9) for n in range(20 + row)]
    (finding,) = find_pumping(polish(Random(1)) + rows)

    assert finding.samples == tuple(f"+4860{row}00… ({20 + row})" for row in (8, 7, 6, 5, 4))
    assert finding.count == sum(20 + row for row in range(9))


def test_against_what_is_usual_a_whole_network_is_noticed():
    random = Random(3)
    usual = usual_prefixes(shop(random, PL=3_000, DE=40))
    numbers = shop(random, PL=2_000) + network(random, 300)

    (finding,) = find_pumping(numbers, usual=usual)
    assert (finding.code, finding.count, finding.samples) == (PREFIX, 300, ("+252… (300)",))


def test_what_was_usual_before_is_no_sign_today():
    random = Random(3)
    usual = usual_prefixes(shop(random, PL=1_000) + network(random, 100))

    assert find_pumping(shop(random, PL=1_000) + network(random, 300), usual=usual) == ()


@pytest.mark.parametrize("earlier", [{"PL": 3_000, "DE": 40}, {"PL": 500}])
def test_a_shop_that_goes_on_as_usual_raises_no_alarm(earlier):
    random = Random(4)
    usual = usual_prefixes(shop(random, **earlier))

    assert find_pumping(shop(random, PL=5_000, DE=30), usual=usual) == ()


def test_at_home_a_new_branch_is_no_sign_and_a_list_of_strangers_is():
    random = Random(8)
    regulars = town(random, 3_000, ("+1406555", "+1406556", "+1406721"))
    usual = usual_prefixes(regulars)
    strangers = [f"+1701{random.randrange(200, 999)}{random.randrange(10_000):04}" for _ in range(900)]

    assert find_pumping(regulars + strangers[:600], region="US", usual=usual) == ()
    (finding,) = find_pumping(regulars[:1_500] + strangers, region="US", usual=usual)
    assert (finding.code, finding.samples) == (PREFIX, ("+170… (900)",))


def test_of_a_few_earlier_recipients_nothing_is_usual():
    random = Random(3)
    usual = usual_prefixes(shop(random, PL=199))

    assert find_pumping(shop(random, PL=2_000) + network(random, 300), usual=usual) == ()


def test_home_is_the_merchants_country_whatever_the_list_holds():
    random = Random(5)
    numbers = shop(random, PL=200) + [f"+4479110{random.randrange(10**5):05}" for _ in range(400)]

    assert codes(find_pumping(numbers)) == []  # most are British, so this looks like a British shop
    assert codes(find_pumping(numbers, region="pl")) == [PREFIX]


def test_countries_of_one_calling_code_are_told_apart():
    random = Random(6)
    jamaican = [f"+1876555{random.randrange(10**4):04}" for _ in range(100)]

    assert codes(find_pumping(shop(random, US=2_000) + jamaican, region="US")) == [PREFIX]


def test_thresholds_are_settings():
    numbers = polish(Random(1)) + firm(Random(1), 12, 601_234_500)

    assert codes(find_pumping(numbers, settings=PumpingSettings(row_min=10))) == [ROW]
    assert codes(find_pumping(numbers, settings=PumpingSettings(row_min=10, row_share_min=0.1))) == []


@pytest.mark.parametrize(
    "wrong", [{"row_min": 1}, {"crowd_min": True}, {"row_share_min": 1.5}, {"home_share_min": -0.1}, {"usual_min": 2.5}]
)
def test_thresholds_make_sense(wrong):
    with pytest.raises(ValueError, match=r"is a share from 0 to 1|is a whole number from 2"):
        PumpingSettings(**wrong)


@pytest.mark.parametrize(
    "wrong", ["601234567", "+48 601234567", "", "+", "+48", "+0123456", "+" + "1" * 16, "+٤٨٦٠١٢٣"]
)
def test_what_is_no_number_is_refused_without_repeating_it(wrong):
    with pytest.raises(ValueError, match=r"^a number in E\.164 is a plus and 3 to 15 digits$"):
        find_pumping(["+48601234567", wrong])


def naive_rows(numbers: list[str], least: int) -> Counter[int]:
    """Return how many rows of each length there are, found one number at a time."""
    known, lengths = set(numbers), Counter[int]()
    for number in known:
        value, width = int(number[1:]), len(number)
        if f"+{value - 1}" in known and len(f"+{value - 1}") == width:
            continue
        count = 1
        while f"+{value + count}" in known and len(f"+{value + count}") == width:
            count += 1
        if count >= least:
            lengths[count] += 1
    return lengths


dense = st.one_of(
    st.integers(48_601_234_000, 48_601_234_060),
    st.integers(486_012_340_000, 486_012_340_040),
    st.integers(4_860_123_380, 4_860_123_420),
).map(lambda value: f"+{value}")


@settings(deadline=None, max_examples=200)
@given(numbers=st.lists(dense, max_size=120), least=st.integers(2, 6), random=st.randoms(use_true_random=False))
def test_rows_are_those_that_a_plain_look_finds_in_any_order(numbers, least, random):
    chosen = PumpingSettings(row_min=least, row_share_min=0, crowd_min=1_000, prefix_min=1_000_000)
    found = find_pumping(numbers, settings=chosen)
    shuffled = random.sample(numbers, len(numbers))

    expected = naive_rows(numbers, least)
    assert sum(finding.count for finding in found) == sum(length * count for length, count in expected.items())
    assert find_pumping(shuffled + numbers, settings=chosen) == found


@settings(deadline=None, max_examples=100)
@given(st.lists(dense, max_size=200))
def test_usual_prefixes_count_each_number_once(numbers):
    assert usual_prefixes(numbers) == Counter(number[1:8] for number in set(numbers))


def test_of_usual_prefixes_the_most_frequent_are_kept():
    numbers = [f"+48{prefix}0000" for prefix in range(50_000, 62_000)] + ["+486100012345"]
    usual = usual_prefixes(numbers)

    assert len(usual) == 10_000
    assert next(iter(usual.items())) == ("4861000", 2)


@settings(deadline=None, max_examples=100)
@given(numbers=st.lists(dense, max_size=60), chunk_max=st.integers(1, 9))
def test_numbers_sorted_a_few_at_a_time_come_out_as_one(numbers, chunk_max):
    keys = list(sorted_keys(numbers, chunk_max=chunk_max))

    assert keys == sorted(set(keys)) == list(sorted_keys(numbers))
    assert [found.count for found in prefix_counts(keys)] == [
        count for _, count in sorted(Counter(number[1:8] for number in set(numbers)).items())
    ]


def test_a_longer_list_takes_eight_bytes_a_number_and_little_more():
    peaks = []
    for count in (4_000, 14_000):
        random = Random(7)
        numbers = (f"+48{random.randrange(5 * 10**8, 10**9)}" for _ in range(count))
        tracemalloc.start()
        assert sum(1 for _ in sorted_keys(numbers, chunk_max=1_000)) > 0.99 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] - peaks[0] < 16 * 10_000
