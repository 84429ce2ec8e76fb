"""The two weeks, from what was done about appointments to everything that happened around it."""

from random import Random

from crm_core.kernel.db import Tx
from demo.fortnight import asking, calls, looking, phoning, reminding, texting
from demo.fortnight.calls import ToSpeak
from demo.fortnight.cast import Cast, everybody
from demo.fortnight.story import Story
from demo.seed_data.history import Doing
from sms.letterhead import Letterhead


async def tell(tx: Tx, cast: Cast, doing: Doing, letterhead: Letterhead) -> list[ToSpeak]:
    """Written in this transaction. What is to be heard of it is answered, for the recorder."""
    story = Story(doing.diary, cast, await everybody(tx.conn, doing.diary.today), Random(doing.diary.seed))
    await reminding.write(tx, story, doing.reminders)
    phoning.about_appointments(story, doing.deeds)
    phoning.day_by_day(story)
    phoning.at_night(story)
    texting.about_appointments(story, doing.deeds, letterhead)
    texting.this_morning(story, letterhead)
    texting.never_arrived(story, letterhead)
    texting.helped(story, letterhead)
    asking.tell(story)
    await story.write(tx)
    await looking.write(tx, story)
    return calls.to_speak(story.calls)
