"""Rules for goals and how to reach them: "To clean a pan.", "How do you clean a pan?"."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

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
        when="how aux:do|does|can|could|should|would|might who:you|i|we|one|people|someone|they adv:ADV* goal:PRED",
        say="to [adv] [goal], [several]",
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
