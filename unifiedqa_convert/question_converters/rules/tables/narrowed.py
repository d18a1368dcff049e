"""Rules for questions that a phrase narrows: "who besides Ann", "where in the town"."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

NARROWED = (
    Rule(
        when="what be:BE adv:ADV* true about|of who:SPAN",
        given="verb-s verb-ed",
        say="[who] [adv] [raw]",
        examples=(
            (
                "What is probably true about the tall girl?",
                "likes to be alone",
                "The tall girl probably likes to be alone.",
            ),
        ),
    ),
    Rule(
        when="why did|does|do subj:HEAD verb:PAST rest:ANY",
        say="[subj] [verb] [rest] [reason]",
        examples=(
            (
                "Why did Ivo switched his school?",
                "he was bored",
                "Ivo switched his school because he was bored.",
            ),
        ),
    ),
    Rule(
        when="why subj:HEAD verb:PAST|FINITE rest:ANY",
        mark="?",
        say="[subj] [verb] [rest] [reason]",
        examples=(
            (
                "Why Zoe went back to the mill?",
                "she forgot her hat",
                "Zoe went back to the mill because she forgot her hat.",
            ),
        ),
    ),
    Rule(
        when="prep:for|in|on|at|by|to|with|from|after|within|over|between how many|much head:HEAD? "
        "aux:AUX subj:SUBJ pred:PRED",
        say="[clause<prepped]",
        examples=(
            ("For how many days did it rain?", "12", "It rained for 12 days."),
            ("In how many towns has Zoe lived?", "four", "Zoe has lived in four towns."),
        ),
    ),
    Rule(
        when="for how long aux:AUX subj:SUBJ pred:PRED",
        say="[clause<lasting]",
        examples=(
            ("For how long did it rain?", "two days", "It rained for two days."),
            ("For how long did the cook wait?", "until noon", "The cook waited until noon."),
        ),
    ),
    Rule(
        when="who|what prep:besides|except|beside other:HEAD aux:AUX? pred:PRED",
        say="[prep] [other], [subject] [agreeing]",
        examples=(
            (
                "Who besides the king wore a ring?",
                "his son",
                "Besides the king, his son wore a ring.",
            ),
        ),
    ),
    Rule(
        when="who|what adv:probably|likely|supposedly|apparently|possibly|certainly|usually|often|"
        "always|never|first|originally|initially|actually|really|also|finally|secretly|"
        "accidentally aux:AUX? pred:PRED",
        say="[subject] [adv] [agreeing]",
        examples=(
            ("Who probably has more goats?", "the farmer", "The farmer probably has more goats."),
        ),
    ),
    Rule(
        when="when|where aux:AUX subj:SUBJ pred:PRED , before|during or after|during event:SPAN",
        say="[clause<sided]",
        examples=(
            (
                "When did the ship sink, before or after the storm?",
                "two hours before",
                "The ship sank two hours before the storm.",
            ),
            (
                "When was the pond clean, before or after the mill closed?",
                "after",
                "The pond was clean after the mill closed.",
            ),
        ),
    ),
    Rule(
        when="how many head:times aux:AUX subj:SUBJ pred:PRED",
        say="[clause<times]",
        examples=(
            (
                "How many times had Bo tried to wake the cook?",
                "three",
                "Bo had tried to wake the cook three times.",
            ),
            ("How many times does it beep per hour?", "two", "It beeps two times per hour."),
        ),
    ),
    Rule(
        when="how aux:BE subj:SUBJ pred:PRED",
        given="noun",
        say="[treated]",
        examples=(
            (
                "How were the soldiers at the old fort fed?",
                "the town council",
                "The soldiers at the old fort were fed by the town council.",
            ),
        ),
    ),
    Rule(
        when="when|where be:BE subj:HEAD mode:due|supposed|scheduled|expected to rest:SPAN",
        say="[subj] [be] [mode] to [rest] [time]",
        examples=(
            (
                "When is the last ferry due to leave?",
                "at half past nine",
                "The last ferry is due to leave at half past nine.",
            ),
        ),
    ),
    Rule(
        when="whose head:HEAD be:BE det:DET|POSSESSIVE rest:HEAD",
        say="[det] [rest] [be] [whose]",
        examples=(("Whose plan was the bridge?", "a miller", "The bridge was a miller's plan."),),
    ),
    Rule(
        when="for what|which reason|reasons aux:AUX subj:SUBJ pred:PRED",
        say="[clause<reason]",
        examples=(
            (
                "For what reason did the guests leave?",
                "the well had dried up",
                "The guests left because the well had dried up.",
            ),
        ),
    ),
    Rule(
        when="on what|which grounds|basis aux:AUX subj:SUBJ pred:PRED",
        say="[clause<grounds]",
        examples=(
            (
                "On what grounds was the clerk fired?",
                "he had lied",
                "The clerk was fired on the grounds that he had lied.",
            ),
        ),
    ),
    Rule(
        when="what aux:DO|MODAL subj:SUBJ adv:ADV* verb:think of|about thing:HEAD",
        given="adjective",
        say="[subj] [adv] [linked] that [thing] [thinks] [raw]",
        examples=(
            (
                "What does the guest think of the soup?",
                "Too salty.",
                "The guest thinks that the soup is too salty.",
            ),
            (
                "What did the boys think of the films?",
                "boring",
                "The boys thought that the films were boring.",
            ),
        ),
    ),
    Rule(
        when="who|what be:BE adv:probably|likely|possibly|apparently|most|presumably+ "
        "the rest:SPAN",
        given="noun",
        say="the [rest] [be] [adv] [complement]",
        examples=(
            (
                "Who is probably the oldest man in the inn?",
                "Ivo",
                "The oldest man in the inn is probably Ivo.",
            ),
        ),
    ),
    Rule(
        when="whose head:HEAD be:BE prep:PREP rest:SPAN",
        say="[whose] [be] [prep] [rest]",
        examples=(("Whose coat is on the bed?", "Aunt Zoe's", "Aunt Zoe's coat is on the bed."),),
    ),
    Rule(
        when="how measure:ADV|ADJ be:BE subj:HEAD when:now|today|currently",
        say="[subj] [be] [measured] [when]",
        examples=(("How old is the mill now?", "90 years old", "The mill is 90 years old now."),),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ verb:find rest:SPAN",
        given="adjective",
        say="[subj] [linked] [rest] [raw]",
        examples=(
            (
                "How does the girl find her new bed?",
                "very hard",
                "The girl finds her new bed very hard.",
            ),
        ),
    ),
    Rule(
        when="what did subj:HEAD use to verb:be|have|like|do|play|teach|own|study",
        given="noun adjective number verb-ing",
        say="[subj] used to [verb] [answer]",
        examples=(("What did the man use to be?", "a farmer", "The man used to be a farmer."),),
    ),
    Rule(
        when="how far|close|near prep:from|to event:HEAD aux:AUX subj:SUBJ pred:PRED",
        say="[clause<raw] [prep] [event]",
        examples=(
            (
                "How far from the shore was the boat found?",
                "two miles",
                "The boat was found two miles from the shore.",
            ),
        ),
    ),
    Rule(
        when="how far|fast|high|deep|low aux:DO|MODAL|HAVE subj:SUBJ pred:PRED",
        say="[clause<along]",
        examples=(
            (
                "How far does the road run along the coast?",
                "9 km",
                "The road runs 9 km along the coast.",
            ),
            (
                "How fast can a hare run on snow?",
                "70 km an hour",
                "A hare can run 70 km an hour on snow.",
            ),
        ),
    ),
    Rule(
        when="how many|much head:HEAD be:BE name:NOUN* first:DET|POSSESSIVE rest:HEAD",
        given="number noun",
        say="[name] [first] [rest] [be] [named]",
        examples=(("How many miles is the trip to Arva?", "30", "The trip to Arva is 30 miles."),),
    ),
)
