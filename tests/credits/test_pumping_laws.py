"""Laws of the alarm: numbers spread at random never raise it, a row among them always does, one look is enough."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from campaignkit.credits import (
    PumpingCode,
    PumpingSettings,
    confirmed_places,
    find_pumping,
    look_at_numbers,
    more_usual,
    unconfirmed,
    usual_prefixes,
)
from tests.addresses.phone_texts import REGIONS, e164
from tests.credits.lists import MOBILES, firm, shop, town

ROW = PumpingCode.NUMBERS_IN_A_ROW

sizes = st.dictionaries(st.sampled_from(sorted(MOBILES)), st.integers(1, 400), max_size=4)
seeded = st.integers(0, 2**32).map(Random)


@settings(deadline=None, max_examples=60)
@given(random=seeded, customers=sizes, region=st.none() | st.sampled_from(sorted(MOBILES)))
def test_numbers_spread_at_random_over_some_countries_never_raise_the_alarm(random, customers, region):
    assert find_pumping(shop(random, **customers), region=region) == ()


@settings(deadline=None, max_examples=30)
@given(random=seeded, count=st.integers(0, 300), region=st.none() | st.sampled_from(REGIONS))
def test_numbers_spread_at_random_over_all_countries_never_raise_the_alarm(random, count, region):
    numbers = [e164(random, random.choice(REGIONS), ("mobile",)) for _ in range(count)]

    assert find_pumping(numbers, region=region) == ()


@settings(deadline=None, max_examples=60)
@given(
    random=seeded,
    customers=sizes,
    country=st.sampled_from(sorted(MOBILES)),
    count=st.integers(20, 400),
    data=st.data(),
)
def test_a_row_that_was_planted_always_raises_the_alarm(random, customers, country, count, data):
    first = int(shop(random, **{country: 1})[0][1:])
    planted = [f"+{first + place}" for place in range(count)]
    numbers = shop(random, **customers) + planted
    random.shuffle(numbers)
    usual = data.draw(st.none() | sizes.map(lambda earlier: usual_prefixes(shop(random, **earlier))))

    assert ROW in [sign.code for sign in find_pumping(numbers, usual=usual)]


@settings(deadline=None, max_examples=60)
@given(random=seeded, rows=st.lists(st.integers(20, 60), min_size=1, max_size=5), more=st.integers(0, 60))
def test_what_was_confirmed_is_silent_until_a_row_is_planted_anew(random, rows, more):
    numbers = shop(random, PL=50)
    for place, count in enumerate(rows):
        numbers += firm(random, count, 601_000_000 + 1_000_000 * place)
    chosen = PumpingSettings()
    confirmed = confirmed_places(find_pumping(numbers))

    assert unconfirmed(find_pumping(numbers), confirmed, chosen) == ()
    left = unconfirmed(find_pumping(numbers + firm(random, more, 799_000_000)), confirmed, chosen)
    assert [(sign.code, sign.count) for sign in left] == ([(ROW, more)] if more >= chosen.row_min else [])


@settings(deadline=None, max_examples=60)
@given(random=seeded, first=sizes, second=sizes)
def test_what_is_usual_does_not_depend_on_the_order_of_lists_nor_on_hearing_one_twice(random, first, second):
    one, other = usual_prefixes(shop(random, **first)), usual_prefixes(shop(random, **second))

    assert more_usual(one, other) == more_usual(other, one)
    assert more_usual(more_usual(one, other), other) == more_usual(one, other)
    assert more_usual({}, one) == one


@settings(deadline=None, max_examples=60)
@given(random=seeded, customers=sizes)
def test_one_look_tells_the_signs_and_what_is_usual(random, customers):
    numbers = shop(random, **customers)
    look = look_at_numbers(numbers)

    assert (look.signs, look.prefixes, look.count) == (
        find_pumping(numbers),
        usual_prefixes(numbers),
        len(set(numbers)),
    )


def test_of_many_places_the_fullest_are_kept_and_the_rest_as_a_sum():
    numbers = [f"+48{600 + place}00000{last:02}" for place in range(300) for last in range(20 + place % 3)]
    signs = find_pumping(numbers)
    confirmed = confirmed_places(signs)

    assert len(confirmed[ROW.value]) == 201
    assert sum(confirmed[ROW.value].values()) == signs[0].count
    assert unconfirmed(signs, confirmed, PumpingSettings()) == ()
    more = find_pumping(numbers + firm(Random(1), 20, 500_000_000))
    assert [sign.code for sign in unconfirmed(more, confirmed, PumpingSettings())] == [ROW]


def test_a_campaign_for_one_town_of_many_is_no_sign():
    random = Random(7)
    everybody = [number for exchange in range(555, 595) for number in town(random, 100, (f"+1406{exchange}",))]
    usual = usual_prefixes(everybody)
    one_town = [number for number in everybody if number.startswith("+1406555")]

    assert find_pumping(one_town, region="US", usual=usual) == ()
