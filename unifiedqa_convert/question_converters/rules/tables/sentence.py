"""Rules for answers that are whole sentences, and for questions about what happens."""

from unifiedqa_convert.question_converters.rules.pattern import Rule

SENTENCE = (
    Rule(
        when="which|what of the? following|these? be:BE ADV* true|correct ANY",
        given="sentence",
        say="[raw]",
        examples=(("Which of these is true?", "Bo has two sons.", "Bo has two sons."),),
    ),
    Rule(
        when="ANY",
        given="sentence",
        say="[restated]",
        examples=(
            (
                "What does a red flag on the beach mean?",
                "A red flag on the beach means danger.",
                "A red flag on the beach means danger.",
            ),
        ),
    ),
    Rule(
        when="who|what|which head:HEAD? aux:AUX? pred:PRED",
        given="sentence",
        say="[doer]",
        examples=(
            (
                "Who found the lost ring?",
                "Lily found it under the bed.",
                "Lily found the lost ring under the bed.",
            ),
        ),
    ),
    Rule(
        when="who|what|which head:HEAD? aux:AUX? pred:PRED",
        given="sentence",
        say="[same]",
        examples=(
            (
                "What lake has more islands, Vann or Orr?",
                "Vann has far more islands than Orr",
                "Vann has far more islands than Orr.",
            ),
            (
                "Who would win a race between a hare and a dog?",
                "A hare would win because it is lighter",
                "A hare would win a race between a hare and a dog because it is lighter.",
            ),
        ),
    ),
    Rule(
        when="what be:BE the relationship|relation|connection|link between two:SPAN",
        given="sentence",
        say="[related]",
        examples=(
            (
                "What is the relationship between Ivo and Ann?",
                "They are cousins.",
                "Ivo and Ann are cousins.",
            ),
        ),
    ),
    Rule(
        when="how aux:AUX subj:SUBJ adv:ADV* feel about whom:SPAN",
        given="sentence",
        say="[felt]",
        examples=(
            ("How does Ann feel about her boss?", "She dislikes him.", "Ann dislikes her boss."),
        ),
    ),
    Rule(
        when="what be:BE adv:ADV* "
        "true:true|correct|special|different|unusual|known|wrong|missing|strange rest:ANY",
        given="sentence",
        say="what [be] [adv] [true] [rest] [be] that [raw]",
        examples=(
            (
                "What is true about the singer?",
                "She has two sons.",
                "What is true about the singer is that she has two sons.",
            ),
        ),
    ),
    Rule(
        when="what be:BE subj:SPAN",
        given="sentence",
        say="[job]",
        examples=(("What is Bo's job?", "He's a cook.", "Bo is a cook."),),
    ),
    Rule(
        when="prep:PREP? wh:what|where|when|how|who|which head:HEAD? aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        say="[itself]",
        examples=(
            ("How does a charm bring luck?", "It does not.", "A charm does not."),
            ("What do geese fear?", "It depends on the farm.", "It depends on the farm."),
        ),
    ),
    Rule(
        when="wh:what|where|when|how|who|which head:HEAD? be:BE subj:SPAN",
        given="sentence",
        say="[itself]",
        examples=(
            (
                "What is the best seat?",
                "There is no such seat.",
                "There is no such seat.",
            ),
        ),
    ),
    Rule(
        when="what aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        say="[own]",
        examples=(
            ("What did the fox do at dawn?", "It ran away.", "The fox ran away at dawn."),
            (
                "What does rain do to a road?",
                "It makes the road slippery.",
                "Rain makes the road slippery.",
            ),
        ),
    ),
    Rule(
        when="what aux:AUX? adv:ADV* "
        "verb:happen|happens|happened|occur|occurs|occurred to who:HEAD tail:TAIL",
        given="sentence",
        say="[happened]",
        examples=(
            ("What will happen to Noor?", "she will lose her keys", "Noor will lose her keys."),
            ("What happened to Jack?", "He fell off a ladder.", "Jack fell off a ladder."),
        ),
    ),
    Rule(
        when="what aux:AUX subj:SUBJ pred:PRED",
        given="sentence",
        say="[told]",
        examples=(
            (
                "What does Ann say about her brother?",
                "He is ill.",
                "Ann says that her brother is ill.",
            ),
            (
                "What does Ann say about the town?",
                "The rent is high.",
                "What Ann says about the town is that the rent is high.",
            ),
            (
                "What did Ann notice when she came home?",
                "The door was open.",
                "When she came home, Ann noticed that the door was open.",
            ),
        ),
    ),
    Rule(
        when="what|which of? the? following|these? statement|statements|sentence? ADV* "
        "explains|explain|describes why rest:SPAN",
        given="sentence",
        say="[rest] because [raw]",
        examples=(
            (
                "Which statement best explains why the pond froze?",
                "The night was cold.",
                "The pond froze because the night was cold.",
            ),
        ),
    ),
    Rule(
        when="what|which aux:AUX? adv:ADV* "
        "verb:happen|happens|happened|occur|occurs|occurred to rest:SPAN",
        given="sentence",
        say="what [aux] [adv] [verb] to [rest] is that [raw]",
        examples=(
            (
                "What will happen to a leaf that gets no light?",
                "The leaf will turn yellow.",
                "What will happen to a leaf that gets no light is that the leaf will turn yellow.",
            ),
        ),
    ),
    Rule(
        when="what|which aux:AUX? adv:ADV+ "
        "verb:happen|happens|happened|occur|occurs|occurred rest:ANY",
        given="sentence",
        say="what [aux] [adv] [verb] [rest] is that [raw]",
        examples=(
            (
                "When a pot is left on the fire, what most likely happens?",
                "The soup boils over.",
                "When a pot is left on the fire, what most likely happens is that the soup boils "
                "over.",
            ),
        ),
    ),
    Rule(
        when="what happens|occurs|happened|occurred rest:ANY",
        given="sentence",
        say="[happening]",
        examples=(
            (
                "What happens when ice is heated?",
                "The ice melts.",
                "The ice melts when ice is heated.",
            ),
        ),
    ),
    Rule(
        when="what be:BE going|likely|about to happen to who:SPAN",
        given="verb verb-s verb-ed",
        say="[who] [be] going to [base]",
        examples=(
            ("What is going to happen to Noor?", "lose a key", "Noor is going to lose a key."),
        ),
    ),
    Rule(
        when="what happens",
        given="noun",
        say="[occurring]",
        examples=(
            (
                "If the wind drops, then what happens?",
                "grass turns brown",
                "If the wind drops, then grass turns brown.",
            ),
        ),
    ),
    Rule(
        when="what happens to who:HEAD tail:TAIL",
        given="noun verb",
        say="[who] [acts] [tail]",
        examples=(
            (
                "What happens to iron when it gets wet?",
                "rusts",
                "Iron rusts when it gets wet.",
            ),
        ),
    ),
    Rule(
        when="what happens|happened to who:SPAN",
        given="verb-s verb-ed",
        say="[befell]",
        examples=(
            ("What happened to Noor?", "was late for work", "Noor was late for work."),
            (
                "What happens to a candle over time?",
                "gets shorter",
                "A candle gets shorter over time.",
            ),
        ),
    ),
    Rule(
        when="what happens|happened to who:SPAN",
        given="noun adjective",
        say="[who] [acts]",
        examples=(("What happened to the jug?", "broke", "The jug broke."),),
    ),
    Rule(
        when="what aux:will|would|might|could happen to who:HEAD tail:TAIL",
        given="adjective",
        say="[who] [aux] be [raw] [tail]",
        examples=(("What will happen to Noor?", "sad", "Noor will be sad."),),
    ),
    Rule(
        when="what aux:will|would|might|could happen to who:HEAD tail:TAIL",
        given="verb verb-s verb-ed noun",
        say="[who] [aux] [base] [tail]",
        examples=(
            (
                "What will happen to Noor after lunch?",
                "fall asleep",
                "Noor will fall asleep after lunch.",
            ),
            ("What might happen to Noor?", "likes the book", "Noor might like the book."),
        ),
    ),
    Rule(
        when="what aux:MODAL adv:ADV* happen|occur rest:ANY",
        given="sentence",
        say="[possible] [rest]",
        examples=(
            (
                "What might happen if Bo is late again?",
                "He might lose his job.",
                "He might lose his job if Bo is late again.",
            ),
        ),
    ),
    Rule(
        when="what MODAL ADV* have happened|occurred rest:ANY",
        given="sentence",
        say="[raw] [rest]",
        examples=(
            (
                "What might have happened if Bo had slept?",
                "He would have missed the train.",
                "He would have missed the train if Bo had slept.",
            ),
        ),
    ),
    Rule(
        when="what must|should|will|would|can happen|occur rest:ANY",
        given="sentence",
        say="[raw] [rest]",
        examples=(
            (
                "What must happen before a cake is served?",
                "Someone bakes it.",
                "Someone bakes it before a cake is served.",
            ),
        ),
    ),
    Rule(
        when="what|which head:question aux:AUX? pred:PRED",
        given="question",
        say="the question of [raw] [aux] [pred]",
        examples=(
            (
                "Which question could be answered with a thermometer?",
                "How warm is the soup?",
                "The question of how warm is the soup could be answered with a thermometer.",
            ),
        ),
    ),
    Rule(
        when="what|which of? the? following|these|those? "
        "head:evidence|statement|statements|fact|facts|observation|observations|conclusion|"
        "conclusions|hypothesis|hypotheses|claim|claims "
        "aux:AUX? pred:PRED",
        given="sentence",
        say="the [one] that [raw] [agreeing]",
        examples=(
            (
                "Which evidence shows that the tree is old?",
                "The trunk has many rings.",
                "The evidence that the trunk has many rings shows that the tree is old.",
            ),
        ),
    ),
    Rule(
        when="which|what of the? following|these|those head:HEAD? aux:AUX? pred:PRED",
        given="sentence",
        say="that [raw] [aux] [pred]",
        examples=(
            (
                "Which of the following best describes a pond in winter?",
                "It is covered with ice.",
                "That it is covered with ice best describes a pond in winter.",
            ),
        ),
    ),
    Rule(
        when="what|which be:BE article:the|a|an|another|one rest:SUBJ",
        given="sentence",
        say="[article] [rest] [be] that [raw]",
        examples=(
            (
                "Which is the best sign that the pond froze?",
                "A boy walked over it.",
                "The best sign that the pond froze is that a boy walked over it.",
            ),
        ),
    ),
    Rule(
        when="what|which be:BE adv:ADV+ article:the|a|an|another|one rest:SPAN",
        given="sentence",
        say="that [raw] [be] [adv] [article] [rest]",
        examples=(
            (
                "Which is most likely a cause of the flood?",
                "The dam broke.",
                "That the dam broke is most likely a cause of the flood.",
            ),
        ),
    ),
    Rule(
        when="which|what of the? following|these|those head:HEAD? be:BE rest:SPAN",
        given="sentence",
        say="that [raw] [be] [rest]",
        examples=(
            (
                "Which of these is an example of play?",
                "Two puppies chase a ball.",
                "That two puppies chase a ball is an example of play.",
            ),
        ),
    ),
    Rule(
        when="which be:BE ADJ|ADV+",
        given="sentence",
        say="[raw]",
        examples=(("Which is heavier?", "They weigh the same.", "They weigh the same."),),
    ),
    Rule(
        when="which aux:AUX? pred:PRED",
        given="sentence",
        say="that [raw] [aux] [pred]",
        examples=(
            (
                "Which most likely caused the flood?",
                "The dam broke.",
                "That the dam broke most likely caused the flood.",
            ),
        ),
    ),
    Rule(
        when="what aux:MODAL adv:ADV* be article:the|a|an|one rest:SPAN",
        given="sentence",
        say="[article] [rest] [aux] [adv] be that [raw]",
        examples=(
            (
                "What may be the reason for their delay?",
                "The roads were icy.",
                "The reason for their delay may be that the roads were icy.",
            ),
        ),
    ),
    Rule(
        when="what aux:AUX? pred:PRED",
        given="sentence",
        say="what [aux] [pred] [since] that [raw]",
        examples=(
            (
                "What most likely caused the flood?",
                "The dam broke.",
                "What most likely caused the flood was that the dam broke.",
            ),
        ),
    ),
    Rule(
        when="what aux:DO|MODAL subj:SUBJ pred:PRED",
        given="sentence",
        say="[done]",
        examples=(
            (
                "What will the guests want to do now?",
                "The guests will go home.",
                "The guests will want to go home now.",
            ),
        ),
    ),
    Rule(
        when="what aux:DO|MODAL subj:SUBJ pred:PRED",
        given="sentence",
        say="what [doing] [since] that [raw]",
        examples=(
            (
                "What do the twins have in common?",
                "They both sing.",
                "What the twins have in common is that they both sing.",
            ),
        ),
    ),
    Rule(
        when="what|which head:HEAD aux:AUX? pred:PRED",
        given="sentence",
        say="the [head] that [aux] [pred] is that [raw]",
        examples=(
            (
                "Which other trait keeps a fox warm?",
                "The fox has thick fur.",
                "The other trait that keeps a fox warm is that the fox has thick fur.",
            ),
        ),
    ),
    Rule(
        when="what|which head:HEAD be:BE rest:SPAN",
        given="sentence",
        say="the [head] that [raw] [be] [rest]",
        examples=(
            (
                "Which reason is the best?",
                "The shop was closed.",
                "The reason that the shop was closed is the best.",
            ),
        ),
    ),
    Rule(
        when="where ANY",
        given="sentence",
        say="[whole]",
        examples=(
            ("Where is the city of Arva?", "Arva is in the north.", "Arva is in the north."),
        ),
    ),
    Rule(
        when="how long|many|much|old|often|far|tall ANY",
        given="sentence",
        say="[whole]",
        examples=(
            ("How many goats are there?", "The clerk lost the list.", "The clerk lost the list."),
        ),
    ),
)
