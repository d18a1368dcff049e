"""Rules for answers that say yes, no or nothing, and for goals: "To clean a pan."."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

REPLY = (
    Rule(
        when="be:BE there what:anything|something|someone|anyone|anybody|somebody "
        "that|who? rest:SPAN",
        given="reply",
        say="[existing]",
        examples=(
            (
                "Is there anything that Bo is afraid of?",
                "Yes, big dogs",
                "Bo is afraid of big dogs.",
            ),
        ),
    ),
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        given="reply",
        say="[answering]",
        examples=(
            (
                "Did the boy find his dog?",
                "Yes, in the park.",
                "The boy found his dog in the park.",
            ),
            ("Are toads fish?", "No, toads are not fish.", "Toads are not fish."),
            ("Can owls see?", "Yes, they see well.", "Owls see well."),
            ("Is tin soft?", "No, it is not soft at all.", "Tin is not soft at all."),
        ),
    ),
    Rule(
        when="ANY",
        given="reply",
        say="[reply]",
        examples=(("Owls can see?", "Yes, they see well.", "They see well."),),
    ),
    Rule(
        when="ANY",
        given="nothing",
        say="[raw]",
        examples=(("Who was the first king?", "I have no comment", "I have no comment."),),
    ),
    Rule(
        when="wh:WH head:HEAD? aux:AUX subj:SUBJ pred:PRED",
        given="unknown",
        say="there is [raw] to say [indirect]",
        examples=(
            (
                "Why did the clerk resign?",
                "not enough information",
                "There is not enough information to say why the clerk resigned.",
            ),
        ),
    ),
    Rule(
        when="wh:WH head:HEAD? aux:AUX? pred:PRED",
        given="unknown",
        say="there is [raw] to say [wh] [head] [aux] [pred]",
        examples=(
            (
                "Who stole the bicycle?",
                "Not enough information",
                "There is not enough information to say who stole the bicycle.",
            ),
        ),
    ),
    Rule(
        when="wh:WH head:HEAD? be:BE subj:SPAN",
        given="unknown",
        say="there is [raw] to say [indirect]",
        examples=(
            (
                "How old is the singer?",
                "not enough information",
                "There is not enough information to say how old the singer is.",
            ),
        ),
    ),
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        given="unknown",
        say="there is [raw] to say whether [clause]",
        examples=(
            (
                "Did Bo win?",
                "not enough information",
                "There is not enough information to say whether Bo won.",
            ),
        ),
    ),
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        mark="?",
        say="[replied]",
        examples=(
            ("Do ghosts sing?", "Ghosts are not real.", "Ghosts are not real."),
            ("Is tin soft?", "It melts at a low heat.", "Tin melts at a low heat."),
        ),
    ),
)

GOAL = (
    Rule(
        when="to goal:SPAN",
        mark="none",
        say="to [goal], [steps]",
        examples=(
            ("To clean a pan.", "Rub it with salt.", "To clean a pan, rub it with salt."),
            (
                "to warm up a bed",
                "you can use a hot brick",
                "To warm up a bed, you can use a hot brick.",
            ),
        ),
    ),
    Rule(
        when="how to goal:SPAN",
        given="to",
        say="[aimed]",
        examples=(
            (
                "How to wash wool",
                "to wash wool, use cold water",
                "To wash wool, use cold water.",
            ),
        ),
    ),
    Rule(
        when="where|what aux:MODAL|DO subj:i|you|we|one pred:PRED",
        say="[put]",
        examples=(
            (
                "Where should I keep a spare key?",
                "Keep it under a stone.",
                "I should keep a spare key under a stone.",
            ),
            (
                "What should I cover a pie with?",
                "Cover it with a damp cloth.",
                "I should cover a pie with a damp cloth.",
            ),
        ),
    ),
    Rule(
        when="how to goal:SPAN",
        say="to [goal], [steps]",
        examples=(
            (
                "How to fold a map.",
                "Lay it flat and fold it twice.",
                "To fold a map, lay it flat and fold it twice.",
            ),
            ("How to peel an egg?", "Roll it on a table.", "To peel an egg, roll it on a table."),
        ),
    ),
    Rule(
        when="how aux:do|does|can|could|should|would|might who:you|i|we|one|people|someone|they "
        "adv:ADV* goal:PRED",
        say="to [adv] [wanted], [several]",
        examples=(
            (
                "How do I get ink out of a shirt?",
                "Dab it with milk, then wash it.",
                "To get ink out of a shirt, dab it with milk, then wash it.",
            ),
            (
                "How do you start a fire in the rain?",
                "You need to find dry wood.",
                "To start a fire in the rain, you need to find dry wood.",
            ),
            (
                "How can I keep my boots dry?",
                "Rub some wax into the leather.",
                "To keep your boots dry, rub some wax into the leather.",
            ),
        ),
    ),
    Rule(
        when="goal:SPAN",
        mark="none",
        say="[aim], [steps]",
        examples=(
            (
                "Sharpen a pencil",
                "Turn it in a sharpener.",
                "To sharpen a pencil, turn it in a sharpener.",
            ),
            (
                "Keep ants out of the kitchen.",
                "Wipe the floor with vinegar.",
                "To keep ants out of the kitchen, wipe the floor with vinegar.",
            ),
        ),
    ),
)
