"""Rules for answers that are statements without their question."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

STANDING_ALONE = (
    Rule(
        when="which|what of the? following|these? statement|statements? be:BE "
        "not true|correct|right",
        given="sentence",
        say="it is not true that [raw]",
        examples=(
            (
                "Which of the following is NOT true?",
                "The prize was a goat.",
                "It is not true that the prize was a goat.",
            ),
        ),
    ),
    Rule(
        when="which|what of the? following|these? statement|statements? be:BE "
        "not true|correct|right according to src:SPAN",
        given="sentence",
        say="according to [src], it is not true that [raw]",
        examples=(
            (
                "Which of the following is NOT true according to the letter?",
                "The prize was a goat.",
                "According to the letter, it is not true that the prize was a goat.",
            ),
        ),
    ),
    Rule(
        when="which|what of the? following|these? statement|statements? be:BE "
        "true|correct|right according to src:SPAN",
        given="sentence",
        say="according to [src], [raw]",
        examples=(
            (
                "Which of the following is TRUE according to the letter?",
                "The prize was a goat.",
                "According to the letter, the prize was a goat.",
            ),
        ),
    ),
    Rule(
        when="which|what be:BE the right|correct|true|best sentence|statement|answer",
        given="sentence",
        say="[raw]",
        examples=(("Which is the right sentence?", "Bo is in the barn.", "Bo is in the barn."),),
    ),
    Rule(
        when="which|what of the? following|these? statement|statements? be:BE ADV* true|correct "
        "about|of subj:HEAD",
        given="sentence",
        say="[truth]",
        examples=(
            (
                "Which of the following is true about the inn?",
                "It has no garden.",
                "The inn has no garden.",
            ),
        ),
    ),
    Rule(
        when="which|what one? of the? following? statement|statements? about|of subj:HEAD "
        "be:BE ADV* true|correct|accurate",
        given="sentence",
        say="[truth]",
        examples=(
            (
                "Which of the following statements about the Great Dam is true?",
                "It holds two lakes.",
                "The Great Dam holds two lakes.",
            ),
        ),
    ),
    Rule(
        when="what head:HEAD did subj:HEAD use to ANY",
        given="sentence",
        say="[truth]",
        examples=(
            (
                "What kind of work did the man use to do?",
                "He used to mend roofs.",
                "The man used to mend roofs.",
            ),
        ),
    ),
    Rule(
        when="what MODAL|BE HEAD be? like rest:ANY",
        given="sentence",
        say="[raw] [rest]",
        examples=(
            ("What will the weather be like at dawn?", "It will rain.", "It will rain at dawn."),
            ("What was the weather like at dawn?", "It was raining.", "It was raining at dawn."),
        ),
    ),
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        say="[hedged]",
        examples=(
            ("Would Bo have won?", "probably not", "Bo would probably not have won."),
            ("Does the cook like plums?", "Not really.", "The cook does not really like plums."),
            ("Did the king pay?", "Yes, always", "The king always paid."),
            ("Is the mill open?", "maybe", "Maybe the mill is open."),
        ),
    ),
    Rule(
        when="how aux:AUX subj:you|we|i|one|people pred:PRED",
        given="sentence",
        say="[denying]",
        examples=(
            (
                "How do you feed a unicorn?",
                "Unicorns are not real, so nobody feeds them",
                "Unicorns are not real, so nobody feeds them.",
            ),
        ),
    ),
    Rule(
        when="what aux:MODAL be done rest:ANY",
        given="sentence",
        say="[possible] [rest]",
        examples=(
            (
                "What should be done to save the pond?",
                "Trees should be planted.",
                "Trees should be planted to save the pond.",
            ),
        ),
    ),
    Rule(
        when="what aux:AUX subj:SUBJ pred:PRED",
        given="noun",
        say="[shared]",
        examples=(
            (
                "What do Ivo and the cook have in common?",
                "Both of them love plums.",
                "What Ivo and the cook have in common is that both of them love plums.",
            ),
        ),
    ),
    Rule(
        when="what be:BE the nth:first|last|next|only|best|worst thing link:that? "
        "subj:HEAD did rest:ANY",
        given="verb-ed verb",
        say="the [nth] thing [link] [subj] did [rest] was [base]",
        examples=(
            (
                "What was the first thing Zoe did at home?",
                "fed the goat",
                "The first thing Zoe did at home was feed the goat.",
            ),
        ),
    ),
    Rule(
        when="how many|much|old|long|far head:HEAD? aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        say="[singular]",
        examples=(
            ("How many brothers does Ivo have?", "He is an only child.", "Ivo is an only child."),
        ),
    ),
    Rule(
        when="name|identify|list ANY",
        given="sentence",
        say="[raw]",
        examples=(("Name a bird with fur.", "No bird has fur.", "No bird has fur."),),
    ),
    Rule(
        when="prep:PREP? wh:what|where|who|which head:HEAD? aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        say="[standing]",
        examples=(
            (
                "In what town was the plum cake first baked?",
                "The plum cake has its origins in Arva",
                "The plum cake has its origins in Arva.",
            ),
        ),
    ),
    Rule(
        when="what|which be:BE the rest:SPAN",
        given="sentence",
        say="[owned]",
        examples=(
            (
                "What is the main part of a plum pie?",
                "A plum pie is made of fruit and dough",
                "A plum pie is made of fruit and dough.",
            ),
            (
                'What is the origin of the word "pie"?',
                "The word comes from an old song",
                'The word "pie" comes from an old song.',
            ),
        ),
    ),
    Rule(
        when="what|who be:BE prep:PREP rest:SPAN",
        given="sentence",
        say="[inside]",
        examples=(
            (
                "What is in the old mill?",
                "The old mill is a museum of clocks",
                "The old mill is a museum of clocks.",
            ),
        ),
    ),
    Rule(
        when="aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        say="[impersonal]",
        examples=(
            (
                "Was King Adil a real man?",
                "It is unlikely that he was a real man",
                "It is unlikely that he was a real man.",
            ),
        ),
    ),
    Rule(
        when="how be:BE subj:SPAN related|connected to SPAN",
        given="sentence",
        say="[relative]",
        examples=(
            (
                "How is Ivo related to the old miller?",
                "He is the miller's nephew.",
                "Ivo is the miller's nephew.",
            ),
        ),
    ),
    Rule(
        when="how aux:DO|MODAL subj:SUBJ compare ANY",
        given="sentence",
        say="[compared]",
        examples=(
            (
                "How do Arva and Vann compare in size?",
                "They cover the same area",
                "Arva and Vann cover the same area.",
            ),
        ),
    ),
    Rule(
        when="who|what|which head:HEAD? pred:PRED",
        given="sentence",
        say="[passive]",
        examples=(
            (
                "What town invented kites?",
                "Kites were invented by monks in the hills",
                "Kites were invented by monks in the hills.",
            ),
        ),
    ),
)
