"""Rules for where, how and what kind with a further phrase: tried before the general ones.

"Where in the attic …", "How deep is it at …", "How does a bee taste the …", "a bad host"
"""

from unifiedqa_convert.question_converters.rules.pattern import Rule

EXTENDED = (
    Rule(
        when="where in|on the story|passage|text|article|world|country|city|house "
        "aux:AUX subj:SUBJ pred:PRED",
        say="[clause<place]",
        examples=(
            (
                "Where in the story does Bo meet a fox?",
                "on the bridge",
                "Bo meets a fox on the bridge.",
            ),
        ),
    ),
    Rule(
        when="where in|on the story|passage|text|article|world|country|city|house be:BE subj:SPAN",
        say="[subj] [be] [place]",
        examples=(("Where in the house is the cat?", "the attic", "The cat is in the attic."),),
    ),
    Rule(
        when="where prep:in|on|within|inside|along|around spot:HEAD aux:AUX subj:SUBJ pred:PRED",
        say="[clause<place] [prep] [spot]",
        examples=(
            (
                "Where in the attic do the bats sleep?",
                "behind the chimney",
                "The bats sleep behind the chimney in the attic.",
            ),
        ),
    ),
    Rule(
        when="where prep:in|on|within|inside|along|around spot:HEAD be:BE subj:SPAN",
        say="[subj] [be] [place] [prep] [spot]",
        examples=(
            (
                "Where in the barn is the piano?",
                "under the stairs",
                "The piano is under the stairs in the barn.",
            ),
        ),
    ),
    Rule(
        when="what|which kind|type|sort of head:NOUNS be:BE it rest:ANY",
        given="adjective",
        say="it [be] [kindred] [rest]",
        examples=(
            (
                "If a dog barks at guests, what kind of dog is it?",
                "noisy",
                "If a dog barks at guests, it is a noisy dog.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ verb:smell|taste|see|hear det:a|an|the|its|their thing:SPAN",
        given="place verb-ing",
        say="[subj] [linked] [det] [thing] [raw]",
        examples=(
            (
                "How does a bee taste the nectar?",
                "with its feet",
                "A bee tastes the nectar with its feet.",
            ),
        ),
    ),
    Rule(
        when="how measure:tall|high|deep|wide|thick be:BE subj:HEAD prep:at rest:SPAN",
        say="[subj] [be] [measured] [prep] [rest]",
        examples=(
            (
                "How deep is the lake at its centre?",
                "80 meters",
                "The lake is 80 meters deep at its centre.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ verb:feel rest:ANY",
        given="noun sentence",
        say="[subj] [linked] [resembling] [rest]",
        examples=(
            ("How would Omar feel then?", "a bad host", "Omar would feel like a bad host then."),
            (
                "How did Omar feel afterwards?",
                "someone who is needed",
                "Omar felt like someone who is needed afterwards.",
            ),
        ),
    ),
    Rule(
        when="how aux:MODAL subj:SUBJ verb:feel rest:ANY",
        given="verb verb-s",
        say="[subj] [aux] [verb] [state] [rest]",
        examples=(
            (
                "How would the neighbours feel as a result?",
                "are tired of the noise",
                "The neighbours would feel tired of the noise as a result.",
            ),
        ),
    ),
    Rule(
        when="what aux:MODAL happen if:if|when who:you|he|she|they|we|i|someone tail:SPAN",
        given="verb",
        say="[who] [aux] [raw] [if] [who] [tail]",
        examples=(
            (
                "What might happen if you touch the stove?",
                "burn your hand",
                "You might burn your hand if you touch the stove.",
            ),
        ),
    ),
    Rule(
        when="what aux:must|should be true link:for|to rest:SPAN",
        given="sentence",
        say="[possible] [link] [rest]",
        examples=(
            (
                "What must be true for a raft to float?",
                "The raft must be light.",
                "The raft must be light for a raft to float.",
            ),
        ),
    ),
    Rule(
        when="what|which head:NOUNS , aside:SPAN , verb:FINITE rest:ANY",
        given="noun",
        mark="?",
        say="[named] , [added] , [verb] [rest]",
        examples=(
            (
                "Which river, known for its mud, floods the plain?",
                "the Arva",
                "The Arva, known for its mud, floods the plain.",
            ),
        ),
    ),
    Rule(
        when="what be:BE subj:SPAN adv:usually|commonly|often|also|sometimes|generally|typically "
        "verb:called|termed|named rest:ANY",
        say="[subj] [be] [adv] [verb] [term] [rest]",
        examples=(
            (
                "What are young owls usually called?",
                "owlets",
                "Young owls are usually called owlets.",
            ),
        ),
    ),
    Rule(
        when="what be:BE the nth:first|last|next|best|worst|only thing who:SPAN "
        "verb:do|does|did tail:ANY",
        given="noun verb verb-ing",
        say="the [nth] thing [who] [verb] [tail] [be] [raw]",
        examples=(
            (
                "What was the first thing the cook did at dawn?",
                "light the stove",
                "The first thing the cook did at dawn was light the stove.",
            ),
        ),
    ),
)
