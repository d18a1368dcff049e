"""Rules for yes/no questions, and for questions that offer their answers ("faster or slower?")."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

YES_NO = (
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        given="yes",
        say="[affirming]",
        examples=(
            ("Has the king ever met Bo?", "yes", "The king has met Bo."),
            ("Does a kettle boil water?", "yes", "A kettle boils water."),
            ("Can owls see at night?", "yes", "Owls can see at night."),
            ("Was the bridge built by hand?", "true", "The bridge was built by hand."),
        ),
    ),
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        given="no",
        say="[denied]",
        examples=(
            ("Do snails run fast?", "no", "Snails do not run fast."),
            ("Has the king ever met Bo?", "no", "The king has never met Bo."),
            ("Is a cup always made of clay?", "no", "A cup is not always made of clay."),
            ("Are all doors made of wood?", "no", "Not all doors are made of wood."),
        ),
    ),
    Rule(
        when="stem:ANY",
        given="yes",
        say="[stem]",
        examples=(("Paper burns easily?", "yes", "Paper burns easily."),),
    ),
    Rule(
        when="stem:ANY",
        given="no",
        say="[affirmed]",
        examples=(
            ("We cannot wash a cup twice?", "no", "We can wash a cup twice."),
            ("Some birds are not able to fly.", "no", "Some birds are able to fly."),
        ),
    ),
    Rule(
        when="stem:ANY",
        given="no",
        say="[negated]",
        examples=(
            ("Iron floats on water?", "no", "Iron does not float on water."),
            ("Chairs can have legs?", "false", "Chairs can not have legs."),
            (
                "If a cup falls, it will fly.",
                "no",
                "If a cup falls, it will not fly.",
            ),
        ),
    ),
    Rule(
        when="stem:ANY",
        given="no",
        say="it is not true that [stem]",
        examples=(
            (
                "None had seen the ship before?",
                "no",
                "It is not true that none had seen the ship before.",
            ),
        ),
    ),
)

CHOICE = (
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        say="[picked]",
        examples=(
            (
                "Will a cake bake faster or slower than bread?",
                "faster",
                "A cake will bake faster than bread.",
            ),
            (
                "Is the water in the pond warm or cold?",
                "cold",
                "The water in the pond is cold.",
            ),
            (
                "Do owls feed their young or leave them?",
                "feed their young",
                "Owls feed their young.",
            ),
        ),
    ),
    Rule(
        when="left:SPAN one:WORD or two:WORD right:ANY",
        mark="?",
        say="[left] [chosen] [right]",
        examples=(
            (
                "Compared with a hare, a snail is faster or slower?",
                "slower",
                "Compared with a hare, a snail is slower.",
            ),
        ),
    ),
)
