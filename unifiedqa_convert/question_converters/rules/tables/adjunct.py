"""Rules for where, when, why and how, and for prepositions before the question word."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

ADJUNCT = (
    Rule(
        when="where subj:HEAD be:BE",
        say="[subj] [be] [place]",
        examples=(
            (
                "Can you tell me where the nearest bank is?",
                "on Mill Street",
                "The nearest bank is on Mill Street.",
            ),
        ),
    ),
    Rule(
        when="where|when and when|where aux:AUX subj:SUBJ pred:PRED",
        say="[clause<raw]",
        examples=(
            (
                "Where and when was the singer born?",
                "in Oslo in 1950",
                "The singer was born in Oslo in 1950.",
            ),
        ),
    ),
    Rule(
        when="where be:BE article:a|an|the adj:ADJ* spot:place|location|spot|area|site rest:SPAN",
        say="[answer] [agreed] [article] [adj] [spot] [rest]",
        examples=(
            (
                "Where is a safe place to hide a key?",
                "old shoe",
                "An old shoe is a safe place to hide a key.",
            ),
        ),
    ),
    Rule(
        when="where be:BE subj:SUBJ tail:when|while|if|once|after|before|during|until rest:ANY",
        say="[subj] [be] [place] [tail] [rest]",
        examples=(
            ("Where is Bo while his dog sleeps?", "at home", "Bo is at home while his dog sleeps."),
        ),
    ),
    Rule(
        when="where aux:AUX subj:SUBJ pred:PRED",
        say="[clause<place]",
        examples=(
            (
                "Where do squirrels hide nuts?",
                "hollow trees",
                "Squirrels hide nuts in hollow trees.",
            ),
            (
                "Where might you wait while a bus is late?",
                "bus stop",
                "You might wait at a bus stop while a bus is late.",
            ),
            ("Where does amber come from?", "resin", "Amber comes from resin."),
        ),
    ),
    Rule(
        when="where else aux:AUX subj:SUBJ pred:PRED",
        say="[clause<place]",
        examples=(("Where else can you find salt?", "the sea", "You can find salt in the sea."),),
    ),
    Rule(
        when="where be:BE subj:SPAN tail:TAIL",
        say="[subj] [be] [place] [tail]",
        examples=(
            (
                "Where are the two speakers?",
                "at a market",
                "The two speakers are at a market.",
            ),
        ),
    ),
    Rule(
        when="when be:BE article:the nth:last|first|next|best|only time rest:ANY",
        say="[article] [nth] time [rest] [be] [time]",
        examples=(
            (
                "When was the last time the lake froze?",
                "1998",
                "The last time the lake froze was in 1998.",
            ),
        ),
    ),
    Rule(
        when="when be:BE subj:HEAD",
        say="[subj] [be] [time]",
        examples=(("When was the flood?", "1953", "The flood was in 1953."),),
    ),
    Rule(
        when="prep:until|since|by|before|after|from when aux:AUX subj:SUBJ pred:PRED",
        say="[clause<prepped]",
        examples=(("Until when did the mill run?", "1910", "The mill ran until 1910."),),
    ),
    Rule(
        when="what|which head:HEAD be:BE it rest:ANY",
        given="noun number adjective",
        say="it [be] [raw] [rest]",
        examples=(("What season is it now?", "spring", "It is spring now."),),
    ),
    Rule(
        when="what|which unit:day|month|year|date|time|season|evening|morning of? the? "
        "week|month|year|day? be:BE subj:HEAD tail:TAIL",
        say="[subj] [be] [time] [tail]",
        examples=(
            ("What day of the week was the fair?", "Friday", "The fair was on Friday."),
            ("What time is the last train?", "9:40", "The last train is at 9:40."),
        ),
    ),
    Rule(
        when="when aux:AUX subj:SUBJ pred:PRED",
        say="[clause<time]",
        examples=(
            ("When do bats hunt?", "night", "Bats hunt at night."),
            ("When did the volcano erupt?", "1883", "The volcano erupted in 1883."),
        ),
    ),
    Rule(
        when="why be:BE it that rest:SPAN",
        say="[rest] [reason]",
        examples=(
            (
                "Why is it that the pond never dries up?",
                "a spring feeds it",
                "The pond never dries up because a spring feeds it.",
            ),
        ),
    ),
    Rule(
        when="why aux:AUX subj:SUBJ pred:PRED",
        say="[clause<reason]",
        examples=(
            ("Why do cats purr?", "they are content", "Cats purr because they are content."),
            ("Why did the farmer do this?", "save water", "The farmer did this to save water."),
            ("Why does bread rise?", "yeast", "Bread rises because of yeast."),
        ),
    ),
    Rule(
        when="how would|can|could|might subj:SUBJ describe rest:ANY",
        say="[subj] would describe [rest] as [stripped]",
        examples=(
            ("How would you describe Ravi?", "patient", "You would describe Ravi as patient."),
            (
                "How would you describe Mina?",
                "as a good friend",
                "You would describe Mina as a good friend.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ verb:feel rest:ANY",
        given="verb-s",
        say="[subj] [predicate] [rest]",
        examples=(
            ("How would Omar feel then?", "thinks of Ann", "Omar would think of Ann then."),
            (
                "How would Omar feel afterwards?",
                "would be cross with Ann",
                "Omar would be cross with Ann afterwards.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ verb:feel rest:ANY",
        given="sentence",
        say="[subj] [linked] [that] [rest]",
        examples=(
            (
                "How did Omar feel afterwards?",
                "he was a hero",
                "Omar felt that he was a hero afterwards.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ adv:ADV* be verb:feeling|doing rest:ANY",
        say="[subj] [aux] [adv] be [verb] [raw] [rest]",
        examples=(
            (
                "How might Ida be feeling after the call?",
                "hopeful",
                "Ida might be feeling hopeful after the call.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ adv:ADV* "
        "verb:feel|be|look|become|seem|sound|smell|taste rest:ANY",
        say="[subj] [adv] [linked] [raw] [rest]",
        examples=(
            (
                "How did Ida probably feel when she won?",
                "relieved",
                "Ida probably felt relieved when she won.",
            ),
            ("How would Omar feel as a result?", "proud", "Omar would feel proud as a result."),
            ("How did the lake look at dawn?", "grey", "The lake looked grey at dawn."),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ verb:get rest:ANY",
        given="adjective",
        say="[subj] [linked] [raw] [rest]",
        examples=(("How did Omar get at noon?", "hungry", "Omar got hungry at noon."),),
    ),
    Rule(
        when="how aux:BE subj:SUBJ how:likely|going|about to verb:feel|be|look|become rest:ANY",
        say="[subj] [aux] [how] to [verb] [raw] [rest]",
        examples=(
            (
                "How are you likely to feel after a race?",
                "tired",
                "You are likely to feel tired after a race.",
            ),
        ),
    ),
    Rule(
        when="about:about|approximately|roughly how many|much "
        "head:HEAD? aux:AUX subj:SUBJ pred:PRED",
        say="[clause<object]",
        examples=(
            (
                "About how many eggs does a hen lay?",
                "five",
                "A hen lays about five eggs.",
            ),
        ),
    ),
    Rule(
        when="about:about|approximately|roughly how many|much head:HEAD aux:AUX? pred:PRED",
        say="[about] [named] [aux] [pred]",
        examples=(("About how many men form a team?", "ten", "About ten men form a team."),),
    ),
    Rule(
        when="about:about|approximately|roughly how measure:ADV|ADJ "
        "aux:AUX it take for who:HEAD to rest:ANY",
        say="it [takes] [about] [raw] for [who] to [rest]",
        examples=(
            (
                "About how long does it take for an egg to boil?",
                "ten minutes",
                "It takes about ten minutes for an egg to boil.",
            ),
        ),
    ),
    Rule(
        when="about:about|approximately|roughly how measure:ADV|ADJ "
        "aux:AUX it take who:SPAN? to rest:ANY",
        say="it [takes] [who] [about] [raw] to [rest]",
        examples=(
            (
                "About how long does it take to boil an egg?",
                "ten minutes",
                "It takes about ten minutes to boil an egg.",
            ),
            (
                "About how long did it take the boy to run home?",
                "an hour",
                "It took the boy about an hour to run home.",
            ),
        ),
    ),
    Rule(
        when="how measure:ADV|ADJ aux:AUX it take for who:HEAD to rest:ANY",
        say="it [takes] [raw] for [who] to [rest]",
        examples=(
            (
                "How long did it take for Bo to dress?",
                "an hour",
                "It took an hour for Bo to dress.",
            ),
        ),
    ),
    Rule(
        when="how measure:ADV|ADJ aux:AUX it take who:PRONOUN|DET|POSSESSIVE|NOUN+ to rest:ANY",
        say="it [takes] [who] [raw] to [rest]",
        examples=(
            (
                "How long did it take the boys to build the raft?",
                "two days",
                "It took the boys two days to build the raft.",
            ),
        ),
    ),
    Rule(
        when="how measure:ADV|ADJ be:BE it prep:from|to rest:ANY",
        say="it [be] [raw] [prep] [rest]",
        examples=(("How far is it to the lake?", "two miles", "It is two miles to the lake."),),
    ),
    Rule(
        when="how far be:BE subj:HEAD prep:from|to rest:ANY",
        say="[subj] [be] [raw] [prep] [rest]",
        examples=(
            (
                "How far is the mill from the village?",
                "3 km",
                "The mill is 3 km from the village.",
            ),
        ),
    ),
    Rule(
        when="how measure:ADV|ADJ aux:AUX it adv:ADV* take to rest:ANY",
        say="it [adv] [takes] [raw] to [rest]",
        examples=(
            (
                "How long does it take to boil an egg?",
                "ten minutes",
                "It takes ten minutes to boil an egg.",
            ),
            (
                "How long will it take to reach the top?",
                "an hour",
                "It will take an hour to reach the top.",
            ),
        ),
    ),
    Rule(
        when="about:about|approximately|roughly how measure:ADV|ADJ be:BE subj:SPAN",
        say="[subj] [be] [about] [raw]",
        examples=(("About how tall is a door?", "2 m", "A door is about 2 m."),),
    ),
    Rule(
        when="how many|much aux:AUX subj:SUBJ pred:PRED",
        say="[clause<object]",
        examples=(("How much does a cow drink?", "thirty litres", "A cow drinks thirty litres."),),
    ),
    Rule(
        when="how many|much head:HEAD aux:AUX subj:SUBJ pred:PRED",
        say="[clause<object]",
        examples=(("How many strings does a violin have?", "four", "A violin has four strings."),),
    ),
    Rule(
        when="how many|much head:HEAD be:BE prep:in|on rest:ANY",
        say="there [counted] [named] [prep] [rest]",
        examples=(("How many rooms are in the inn?", "nine", "There are nine rooms in the inn."),),
    ),
    Rule(
        when="how many|much head:HEAD be:BE there rest:ANY",
        say="there [be] [named] [rest]",
        examples=(
            ("How many days are there in a week?", "seven", "There are seven days in a week."),
        ),
    ),
    Rule(
        when="how many|much head:HEAD aux:AUX? pred:PRED",
        say="[named] [aux] [pred]",
        examples=(
            ("How many players form a team?", "eleven", "Eleven players form a team."),
            ("How many rooms are painted blue?", "two", "Two rooms are painted blue."),
        ),
    ),
    Rule(
        when="how long aux:BE subj:SUBJ pred:DOING",
        say="[clause<raw]",
        examples=(
            (
                "How long was Ann talking to the clerk?",
                "an hour",
                "Ann was talking to the clerk an hour.",
            ),
        ),
    ),
    Rule(
        when="how often aux:BE subj:SUBJ pred:PRED",
        say="[clause<raw]",
        examples=(("How often is the fair held?", "yearly", "The fair is held yearly."),),
    ),
    Rule(
        when="how long be:BE subj:HEAD adv:probably|likely|most* prep:at|in|on|with|away rest:ANY",
        say="[subj] [be] [adv] [prep] [rest] [spent]",
        examples=(("How long was Kim at the farm?", "a week", "Kim was at the farm for a week."),),
    ),
    Rule(
        when="how measure:ADV|ADJ be:BE subj:SPAN tail:TAIL",
        say="[subj] [be] [measured] [tail]",
        examples=(
            (
                "How old was Erik when he learned to swim?",
                "seven",
                "Erik was seven when he learned to swim.",
            ),
            (
                "How tall is the tower, including its flag?",
                "62 feet",
                "The tower is 62 feet tall, including its flag.",
            ),
        ),
    ),
    Rule(
        when="how be:BE subj:SPAN",
        given="adjective noun",
        say="[subj] [be] [answer]",
        examples=(
            ("How was the party?", "a disaster", "The party was a disaster."),
            ("How was the soup?", "salty", "The soup was salty."),
        ),
    ),
    Rule(
        when="how long|soon prep:after|before event:HEAD aux:AUX subj:SUBJ pred:PRED",
        say="[clause<raw] [prep] [event]",
        examples=(
            (
                "How long after the storm did the ship return?",
                "two days",
                "The ship returned two days after the storm.",
            ),
        ),
    ),
    Rule(
        when="how measure:ADV|ADJ aux:AUX subj:SUBJ pred:PRED",
        say="[clause<raw]",
        examples=(
            ("How often does the clock strike?", "every hour", "The clock strikes every hour."),
            ("How long does the play last?", "two hours", "The play lasts two hours."),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ pred:PRED",
        say="[clause<manner]",
        examples=(
            (
                "How do ducks stay dry?",
                "by oiling their feathers",
                "Ducks stay dry by oiling their feathers.",
            ),
            ("How can a lake lose water?", "evaporation", "A lake can lose water by evaporation."),
            (
                "How does rust harm a gate?",
                "weakens the metal",
                "Rust harms a gate because it weakens the metal.",
            ),
        ),
    ),
    Rule(
        when="in|by what|which way|ways|manner|method|means aux:AUX subj:SUBJ pred:PRED",
        say="[clause<manner]",
        examples=(("In what way is wool cleaned?", "washing", "Wool is cleaned by washing."),),
    ),
    Rule(
        when="prep:PREP where aux:AUX subj:SUBJ pred:PRED",
        say="[clause<prepped]",
        examples=(("From where do swallows return?", "Africa", "Swallows return from Africa."),),
    ),
    Rule(
        when="prep:PREP which of these|those|the following? aux:AUX subj:SUBJ pred:PRED",
        say="[clause<prepped]",
        examples=(("On which of these does a boat float?", "water", "A boat floats on water."),),
    ),
    Rule(
        when="at what age aux:AUX subj:SUBJ pred:PRED",
        say="[clause] at the age of [raw]",
        examples=(
            ("At what age did he start school?", "six", "He started school at the age of six."),
        ),
    ),
    Rule(
        when="prep:PREP whom|what be:BE subj:SUBJ",
        say="[subj] [be] [prepped]",
        examples=(("For whom was the cake?", "the nurse", "The cake was for the nurse."),),
    ),
    Rule(
        when="prep:PREP what|which head:HEAD be:BE subj:SUBJ",
        say="[subj] [be] [prep] [named]",
        examples=(("In which town is the old mill?", "Arva", "The old mill is in Arva."),),
    ),
    Rule(
        when="prep:PREP what|which|whom head:HEAD? aux:AUX subj:SUBJ pred:PRED",
        say="[clause<prepped]",
        examples=(
            ("In what vessel is soup boiled?", "a pot", "Soup is boiled in a pot."),
            (
                "To which family does the onion belong?",
                "the lily family",
                "The onion belongs to the lily family.",
            ),
        ),
    ),
)
