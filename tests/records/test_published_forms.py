"""What profile unifiedqa writes of rows with every trap: the text that upstream's functions gave.

Each expected text was written by the function of allenai/unifiedqa's encode_datasets.py at 0977478
whose line is named, from the same rows in the form that it reads. Here ``Q`` has no question mark.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from unifiedqa_convert.check import check_path
from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.records.profiles import profile_named
from unifiedqa_convert.records.published_forms import UNIFIEDQA

Q = " Is\tit  a--   b     c (d)\n"
P = " D\te.\nF   g     h--(i) "
A = " i\tj\nk\rm   L--(n) "
MORE = [{"number": "9", "date": {}, "spans": []}]
"""What another annotator of DROP answered."""


class Case(NamedTuple):
    """Datasets that share a form, rows in their authors' form, and the published text."""

    datasets: str
    proof: str
    split: str
    file: str
    rows: Any
    text: str
    folder: str = ""
    beside: Mapping[str, Any] = {}


# A row a line, as in the files.
# fmt: off
CASES = [
    Case(
        "squad1_1", ":1874", "train", "s.json",
        {"data": [{"title": "T\t (u)  v", "paragraphs": [{"context": P, "qas": [
            {"id": "1", "question": Q, "answers": [{"text": " "}, {"text": "z"}]},
            {"id": "2", "question": "b?  c ", "answers": [{"text": A}]}]}]}]},
        "Isit a-- b  c (d) ? \\n (T (u) v) De.F g  h--(i)\t\n"
        "b? c \\n (T (u) v) De.F g  h--(i)\tij k\rm L--(n)\n",
    ),
    Case(
        "squad2", ":1874", "train", "s.json",
        {"data": [{"title": "T\t (u)  v", "paragraphs": [{"context": P, "qas": [
            {"id": "1", "question": Q, "answers": [{"text": A}, {"text": "z"}], "is_impossible":
            False},
            {"id": "2", "question": "b?  c ", "answers": [], "is_impossible": True}]}]}]},
        "Isit a-- b  c (d) ? \\n (T (u) v) De.F g  h--(i)\tij k\rm L--(n)\n"
        "b? c \\n (T (u) v) De.F g  h--(i)\t<No Answer>\n",
    ),
    Case(
        "newsqa", ":1874", "train", "n.json",
        {"data": [{"type": "train", "text": P, "questions": [
            {"q": Q, "consensus": {"s": 1, "e": 9}}, {"q": "b?", "consensus": {"noAnswer": True}},
            {"q": "c?", "consensus": {"badQuestion": True}}]}]},
        "Isit a-- b  c (d) ? \\n De.F g  h--(i)\tDe. F\n",
    ),
    Case(
        "hotpotqa", ":1874", "train", "h.json",
        [{"_id": "1", "question": Q, "answer": A, "context": [["T  u", [P, "x"]], ["V", ["y"]]]},
            {"_id": "2", "question": "b", "answer": "yes", "context": [["T", ["x"]]]}],
        "Isit a-- b  c (d) ? \\n (T u) De.F g  h--(i) x (V) y\tij k\rm L--(n)\n"
        "b? \\n (T) x\tyes\n",
    ),
    Case(
        "triviaqa", ":1874", "train", "t.jsonl",
        [{"question": Q, "question_id": "1", "answer": {"value": " ", "aliases": [A]},
            "entity_pages": {"title": ["T  u", "V"], "wiki_context": [P, "x"]}}],
        "Isit a-- b  c (d) ? \\n (T u) De.F g  h--(i) (V) x\t\n",
    ),
    Case(
        "searchqa", ":1874", "train", "s.jsonl",
        [{"question": Q, "answer": A,
            "search_results": {"titles": ["T  u", "V"], "snippets": [P, "x"]}}],
        "Isit a-- b  c (d) ? \\n (T u) De.F g  h--(i) (V) x\tij k\rm L--(n)\n",
    ),
    Case(
        "duorc_self", ":1874", "train", "d.json",
        [{"title": "T  u", "plot": P, "qa": [
            {"id": "1", "question": Q, "answers": [" ", A], "no_answer": False},
            {"id": "2", "question": "b?", "answers": [], "no_answer": True}]}],
        "Isit a-- b  c (d) ? \\n (T u) De.F g  h--(i)\t\n"
        "b? \\n (T u) De.F g  h--(i)\t<No Answer>\n",
        folder="duo_rc_self",
    ),
    Case(
        "duorc_paraphrase", ":1874", "train", "d.json",
        [{"title": "T  u", "plot": P, "qa": [
            {"id": "1", "question": Q, "answers": [" ", A], "no_answer": False},
            {"id": "2", "question": "b?", "answers": [], "no_answer": True}]}],
        "Isit a-- b  c (d) ? \\n (T u) De.F g  h--(i)\t\n"
        "b? \\n (T u) De.F g  h--(i)\t<No Answer>\n",
        folder="duo_rc_paraphrase",
    ),
    Case(
        "boolq", ":1874", "train", "b.jsonl",
        [{"question": Q, "title": "T  u", "passage": P, "answer": True},
            {"question": "b? c", "title": "T", "passage": "d", "answer": False}],
        "Isit a-- b  c (d) ? \\n (T u) De.F g  h--(i)\tyes\n"
        "b? c \\n (T) d\tno\n",
    ),
    Case(
        "boolq_np", ":968", "train", "n.jsonl",
        [{"question_id": str(n), "split": "train", "passage": P, "question": q, "hard_label":
            label,
            "is_seed_question": n} for n, q, label in ((0, Q, "True"), (1, "b", "False"))],
        " Is\tit  a--   b     c (d)\n"
        "\\n D\te.\n"
        "F   g     h--(i) \tyes\n"
        "b?\\n D\te.\n"
        "F   g     h--(i) \tno\n",
    ),
    Case(
        "contrast_sets_boolq", ":129", "test", "c.json",
        {"data": [{"title": "Title", "paragraph": "Para", "perturbed_questions": [
            {"perturbed_q": "New Q", "answer": "New Answer"}]},
            {"title": "T  u", "paragraph": P, "perturbed_questions": [
            {"perturbed_q": Q, "answer": "TRUE"}, {"perturbed_q": "", "answer": ""}]}]},
        "New Q? \\n (Title) Para\tno\n"
        " Is\tit  a--   b     c (d)\n"
        "? \\n (T  u)  D\te.\n"
        "F   g     h--(i) \tyes\n"
        "? \\n (T  u)  D\te.\n"
        "F   g     h--(i) \tno\n",
    ),
    Case(
        "drop", ":569", "validation", "d.json",
        {"p": {"passage": P, "qa_pairs": [
            {"query_id": "1", "question": Q, "answer": {"number": "", "date": {}, "spans": [A,
            " m"]}},
            *[{"query_id": y, "question": "b", "answer": {"number": n, "spans": [],
               "date": {"day": d, "month": m, "year": y}}} for n, d, m, y in (
               ("3 ", "", "", ""), ("", "", "", ""), ("", "4", "May", "1999"), ("", "", "",
               "1066"))],
            *[{"query_id": str(n), "question": str(n), "answer": {"number": "", "spans": spans,
               "date": {"day": "", "month": "", "year": ""}}, "validated_answers": more}
              for n, (spans, more) in enumerate((([" "], []), ([], MORE), ([""], MORE)))]]}},
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i) \t i j k\rm   L--(n) ,  m\n"
        "b \\n  D e. F   g     h--(i) \t3 \n"
        "b \\n  D e. F   g     h--(i) \tMay 4 1999\n"
        "b \\n  D e. F   g     h--(i) \t 1066\n"
        "0 \\n  D e. F   g     h--(i) \t \n",
    ),
    Case(
        "contrast_sets_drop", ":241", "test", "d.json",
        {"p": {"passage": P, "qa_pairs": [
            {"query_id": "1", "question": Q, "answer": {"number": "", "date": {}, "spans": [A,
            " m"]}},
            *[{"query_id": y, "question": "b", "answer": {"number": n, "spans": [],
               "date": {"day": d, "month": m, "year": y}}} for n, d, m, y in (
               ("3 ", "", "", ""), ("", "", "", ""), ("", "4", "May", "1999"), ("", "", "",
               "1066"))],
            *[{"query_id": str(n), "question": str(n), "answer": {"number": "", "spans": spans,
               "date": {"day": "", "month": "", "year": ""}}, "validated_answers": more}
              for n, (spans, more) in enumerate((([" "], []), ([], MORE), ([""], MORE)))]]}},
        " Is\tit  a--   b     c (d)\n"
        " \\n  D\te.\n"
        "F   g     h--(i) \t i\tj\n"
        "k\rm   L--(n) ,  m\n"
        "b \\n  D\te.\n"
        "F   g     h--(i) \t3 \n"
        "b \\n  D\te.\n"
        "F   g     h--(i) \t3 \n"
        "b \\n  D\te.\n"
        "F   g     h--(i) \t3 May 4 1999\n"
        "b \\n  D\te.\n"
        "F   g     h--(i) \t3 May 4 1999 1066\n"
        "0 \\n  D\te.\n"
        "F   g     h--(i) \t \n"
        "1 \\n  D\te.\n"
        "F   g     h--(i) \t \n",
    ),
    Case(
        "quoref", ":789", "train", "q.json",
        {"data": [{"title": "T\t (u)  v", "paragraphs": [{"context": P, "qas": [
            {"id": "1", "question": Q, "answers": [{"text": t} for t in (A, "z", "z", " ")]}]}]}]},
        " Is it  a--   b     c (d)  \\n (T  (u)  v)  D e. F   g     h--(i) \t i j k\rm   "
        "L--(n) \n"
        " Is it  a--   b     c (d)  \\n (T  (u)  v)  D e. F   g     h--(i) \tz\n"
        " Is it  a--   b     c (d)  \\n (T  (u)  v)  D e. F   g     h--(i) \tz\n"
        " Is it  a--   b     c (d)  \\n (T  (u)  v)  D e. F   g     h--(i) \t \n",
    ),
    Case(
        "contrast_sets_quoref", ":262", "test", "q.json",
        {"data": [{"title": "T\t (u)  v", "paragraphs": [{"context": P, "qas": [
            {"id": "1", "question": Q, "answers": [{"text": t} for t in (A, "z", "z", " ")]}]}]}]},
        " Is\tit  a--   b     c (d)\n"
        "\\n(T  (u)  v)  D e. F   g     h--(i) \t i\tj\n"
        "k\rm   L--(n) ///z///z/// \n",
    ),
    Case(
        "ropes", ":814", "train", "r.json",
        {"data": [{"paragraphs": [{"background": P, "situation": "x\ty", "qas": [
            {"id": "1", "question": Q, "answers": [{"text": A}, {"text": "z"}, {"text":
            "z"}]}]}]}]},
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i)  x y\t i j k\rm   L--(n) \n"
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i)  x y\tz\n"
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i)  x y\tz\n",
    ),
    Case(
        "contrast_sets_ropes", ":282", "test", "r.json",
        {"data": [{"paragraphs": [{"background": P, "situation": "x\ty", "qas": [
            {"id": "1", "question": Q, "answers": [{"text": A}, {"text": "z"}, {"text":
            "z"}]}]}]}]},
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i)  x y\t i j k\rm   L--(n) \n"
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i)  x y\tz\n"
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i)  x y\tz\n",
    ),
    Case(
        "covidqa", ":1861", "train", "c.json",
        {"data": [{"paragraphs": [{"context": P, "qas": [
            {"id": 1, "question": Q, "answers": [{"text": A}, {"text": A}], "is_impossible":
            False},
            {"id": 2, "question": "b", "answers": [], "is_impossible": True}]}]}]},
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i) \t i j k\rm   L--(n) \n"
        " Is it  a--   b     c (d)  \\n  D e. F   g     h--(i) \t i j k\rm   L--(n) \n",
        folder="covid_qa_deepset",
    ),
    Case(
        "narrativeqa", ":846", "train", "qaps.csv",
        "document_id,set,question,answer1,answer2\n"
            f'd,train,"{Q}","{A}","{A}"\nd,train,"b\rc",e,f\n',
        " Is\tit  a--   b     c (d)\n"
        " \\n  D\te.F   g     h--(i) gh \t  i\tj\n"
        "k\n"
        "m   L--(n)  \n"
        " Is\tit  a--   b     c (d)\n"
        " \\n  D\te.F   g     h--(i) gh \t  i\tj\n"
        "k\n"
        "m   L--(n)  \n"
        "b\n"
        "c \\n  D\te.F   g     h--(i) gh \t e \n"
        "b\n"
        "c \\n  D\te.F   g     h--(i) gh \t f \n",
        beside={"summaries.csv": "document_id,set,summary\n" f'd,train,"{P}g\r\nh"\n'},
    ),
    Case(
        "multirc", ":877", "validation", "m.json",
        {"data": [{"id": "1", "paragraph": {"text": "<b>Sent 1: </b>D  .<br><b>Sent 2: </b>E<br>",
            "questions": [{"idx": n, "question": q, "answers": [{"text": t, "isAnswer": g} for t,
            g in answers]}
            for n, (q, answers) in enumerate((("Is  it ?", (("No.", False), ("Yes", True))),
            ("Who?", (("Yes", False), ("Bo", True))), ("b", (("not now", False), ("no",
            True)))))]}}]},
        "Is  it ? \\n    D  .    E \tyes\n"
        "b \\n    D  .    E \tno\n",
    ),
    *(
        Case(
            dataset, line, "train", "train.jsonl",
            [{"id": f"{prefix}1", "question": {"stem": "Is  it (x)", "choices": [
                {"label": letter, "text": text} for letter, text in zip("ABCD", ("a  b", "c", "d",
                "e"), strict=True)]}, "answerKey": "B", "para": " D\te.\nF  g "}],
            "Is  it (x) \\n (A) a  b (B) c (C) d (D) e\\n D e. F  g \tc\n",
        )
        for dataset, line, prefix in (("arc_easy_with_ir", ":700", "ARCEZ_"),
            ("arc_hard_with_ir", ":700", "ARCCH_"), ("openbookqa_with_ir", ":920", "OBQA_"))
    ),
    Case(  # upstream draws the order of sentences: here each choice has the same one
        "qasc_with_ir", ":105", "train", "train.jsonl",
        [{"id": "1", "question": {"stem": "Is  it (x)", "choices": [
            {"label": letter, "text": letter.lower(), "para": "D\te.\nF"} for letter in "ABCDEFGH"
            ]}, "answerKey": "H"}],
        "Is  it (x) \\n (A) a (B) b (C) c (D) d (E) e (F) f (G) g (H) h\\nD e. F\th\n",
    ),
    Case(
        "ambigqa", ":1005", "train", "a.json",
        [{"id": "1", "question": Q, "annotations": [{"type": "singleAnswer", "answer": [A, "z",
            "z"]},
            {"type": "multipleQAs", "qaPairs": [{"answer": [" m ", "n"]}, {"answer": ["m"]}]},
            {"type": "singleAnswer", "answer": ["z"]},
            {"type": "multipleQAs", "qaPairs": [{"answer": ["m"]}]}]}],
        " Is it  a--   b     c (d) \t i j k\rm   L--(n) \n"
        " Is it  a--   b     c (d) \tz\n"
        " Is it  a--   b     c (d) \tm\n"
        " Is it  a--   b     c (d) \tm\n",
    ),
    Case(
        "natural_questions", ":1059", "train", "n.jsonl",
        [{"question": Q, "answer": [A, "z", "z"]}, {"question": "b? c", "answer": ["y"]}],
        " Is it  a--   b     c (d) ?\t i j k\rm   L--(n) \n"
        " Is it  a--   b     c (d) ?\tz\n"
        " Is it  a--   b     c (d) ?\tz\n"
        "b? c\ty\n",
        folder="natural_questions_direct_ans",
    ),
    Case(
        "csqa2", ":1267", "train", "c.jsonl",
        [{"id": "1", "question": Q, "answer": "yes"}, {"id": "2", "question": "b? c", "answer":
            "no"}],
        "Isit a-- b  c (d)? \tyes\n"
        "b? c \tno\n",
    ),
    Case(
        "csqa2", ":1267", "test", "c.jsonl",
        [{"id": "1", "question": Q}],
        "Isit a-- b  c (d)? \t-\n",
    ),
    Case(
        "pubmedqa pubmedqa_artificial pubmedqa_unlabeled", ":1318", "train", "p.json",
        {"1x": {"QUESTION": Q, "CONTEXTS": ["D\te.", " F  g "], "final_decision": "maybe"},
            "2x": {"QUESTION": "b? c", "CONTEXTS": ["d"], "final_decision": "no"}},
        "Isit a-- b  c (d)?\\n De., F g \tmaybe\n"
        "b? c\\n d \tno\n",
        folder="pubmedqa/short_answer",
    ),
    Case(
        "strategyqa", ":1384, without the retrieved documents", "train", "s.json",
        [{"qid": "1", "term": "U", "question": Q, "answer": True}, {"qid": "2", "term": "U",
            "question": "b? c", "answer": False}],
        "Isit a-- b  c (d)? \tyes\n"
        "b? c \tno\n",
    ),
    Case(
        "reclor", ":1458", "train", "r.json",
        [{"id_string": "1", "question": Q, "context": P, "answers": [A, "m  n", "o", "p"],
            "label": 0},
            {"id_string": "2", "question": "b? c", "context": "d", "answers": ["e", "f", "g",
            "h"], "label": 3}],
        "Isit a-- b  c (d)? \\n(A)  i\tj\n"
        "k\rm   L--(n)  (B) m  n (C) o (D) p \\n De.F g  h--(i)\tijk\rm L--(n)\n"
        "b? c \\n(A) e (B) f (C) g (D) h \\n d\th\n",
    ),
    Case(
        "reclor", ":1481", "test", "r.json",
        [{"id_string": "1", "question": Q, "context": P, "answers": [A, "m  n", "o", "p"]},
            {"id_string": "2", "question": "b? c", "context": "d", "answers": ["e", "f", "g",
            "h"]}],
        "Isit a-- b  c (d)? \\n (A) ijk\rm L--(n) (B) m n (C) o (D) p \\n De.F g  h--(i)\t-\n"
        "b? c \\n (A) e (B) f (C) g (D) h \\n d\t-\n",
    ),
    Case(
        "race_c", ":1512", "train", "r.jsonl",
        [{"id": "1.txt", "article": P, "questions": [Q, "b? c"], "answers": ["A", "D"],
            "options": [[A, "m  n", "o", "p"], ["e", "f", "g", "h"]]}],
        "Isit a-- b  c (d)? \\n(A)  i\tj\n"
        "k\rm   L--(n)  (B) m  n (C) o (D) p \\n De.F g  h--(i)\tijk\rm L--(n) \n"
        "b? c \\n(A) e (B) f (C) g (D) h \\n De.F g  h--(i)\th \n",
        folder="race-c",
    ),
    Case(
        "race_high race_middle", ":448", "train", "r.jsonl",
        [{"id": "1.txt", "article": P, "questions": [Q, "b? c"], "answers": ["A", "D"],
            "options": [[A, "m  n", "o", "p"], ["e", "f", "g", "h"]]}],
        " Is\tit  a--   b     c (d)  \\n  (A)  i\tj k\rm   L--(n)  (B) m  n (C) o (D) p \\n  "
        "D e. F   g     h--(i) \t i\tj k\rm   L--(n)  \n"
        "b? c \\n  (A) e (B) f (C) g (D) h \\n  D e. F   g     h--(i) \th \n",
        folder="race_string_GRADE",
    ),
    Case(
        "race_high race_middle", ":446", "train", "r.jsonl",
        [{"id": "1.txt", "article": P, "questions": [Q, "b? c"], "answers": ["A", "D"],
            "options": [[A, "m  n", "o", "p"], ["e", "f", "g", "h"]]}],
        " Is\tit  a--   b     c (d)  \\n  (A)  i\tj k\rm   L--(n)  (B) m  n (C) o (D) p \\n  "
        "D e. F   g     h--(i) \tA \n"
        "b? c \\n  (A) e (B) f (C) g (D) h \\n  D e. F   g     h--(i) \tD \n",
        folder="race_idx_GRADE",
    ),
    Case(
        "race_high race_middle", ":450", "train", "r.jsonl",
        [{"id": "1.txt", "article": P, "questions": [Q, "b? c"], "answers": ["A", "D"],
            "options": [[A, "m  n", "o", "p"], ["e", "f", "g", "h"]]}],
        " Is\tit  a--   b     c (d)  \\n  D e. F   g     h--(i)  \t  i\tj k\rm   L--(n)  \n"
        "b? c \\n  D e. F   g     h--(i)  \t h \n",
        folder="race_string_no_candidates_GRADE",
    ),
    Case(
        "quail", ":1627", "train", "q.jsonl",
        [{"id": str(n), "question": q, "context": P, "answers": [A, "m", "n", "o"],
            "correct_answer_id": "0"}
            for n, q in enumerate(("first", Q, "b? c"))],
        " Isit a-- b  c (d) \\n (A)  i\tj\n"
        "k\rm   L--(n)  (B) m (C) n (D) o \\n De.F g  h--(i) \t ijk\rm L--(n) \n"
        "b? c \\n (A)  i\tj\n"
        "k\rm   L--(n)  (B) m (C) n (D) o \\n De.F g  h--(i) \t ijk\rm L--(n) \n",
    ),
    Case(
        "onestopqa", ":1684", "train", "o.jsonl",
        [{"title": "T", "paragraph_index": 0, "level": 0, "paragraph": " D  e. ", "question": q,
            "answers": [" m  n", "o", "p", "q"]}
            for q in (" Is  it     c ", "b? c")],
        "Is it  c? \\n (A)  m  n (B) o (C) p (D) q \\n  D  e.  \t  m  n \n"
        "b? c \\n (A)  m  n (B) o (C) p (D) q \\n  D  e.  \t  m  n \n",
    ),
    Case(
        "mcscript", ":1723", "train", "m.xml",
        '<data><instance id="1"><text> D\te.\nF--g   h </text><questions>'
            '<question id="0" text=" Is&#9;it  a   b     c&#10;">'
            '<answer correct="True" text=" m&#10;n "/><answer correct="False" text="o"/></question>'
            '<question id="1" text="b? c">'
            '<answer correct="False" text="p"/><answer correct="True" text="q"/></question>'
            "</questions></instance></data>\n",
        "Isit a b  c? \\n (A)  m\n"
        "n  (B) o \\n De.Fg h \t  m\n"
        "n  \n"
        "b? c \\n (A) p (B) q \\n De.Fg h \t q \n",
    ),
    Case(
        "mcscript2", ":1723", "train", "m.xml",
        '<data><instance id="1"><text> D\te.\nF--g   h </text><questions>'
            '<question id="0" text=" Is&#9;it  a   b     c&#10;">'
            '<answer correct="True" text=" m&#10;n "/><answer correct="False" text="o"/></question>'
            '<question id="1" text="b? c">'
            '<answer correct="False" text="p"/><answer correct="True" text="q"/></question>'
            "</questions></instance></data>\n",
        "Isit a b  c? \\n (A)  m\n"
        "n  (B) o \\n De.Fg h \t  m\n"
        "n  \n"
        "b? c \\n (A) p (B) q \\n De.Fg h \t q \n",
        folder="mcscript 2.0",
    ),
    Case(
        "mctest_mc160 mctest_mc500", ":314", "train", "m.tsv",
        "\t".join(["1", "", r" D  e.\newlineF\tabg", *[x for q in ("one: Is  it one: ?",
            "multiple: b", " one: c", "d")
            for x in (q, " M  n", r"o\newlinep", "q", "r")]]) + "\n",
        "Is  it ? \\n (A)  M  n (B) o p (C) q (D) r \\n  D  e. F\\tabg\t M  n\n"
        "b \\n (A)  M  n (B) o p (C) q (D) r \\n  D  e. F\\tabg\to p\n"
        " c \\n (A)  M  n (B) o p (C) q (D) r \\n  D  e. F\\tabg\tq\n"
        "d \\n (A)  M  n (B) o p (C) q (D) r \\n  D  e. F\\tabg\tr\n",
        folder="mctest_corrected_the_separator",
        beside={"m.ans": "A\tB\tC\tD\n"},
    ),
    Case(
        "mctest_mc160 mctest_mc500",
        "the published file: :314 without separators", "train", "m.tsv",
        "\t".join(["1", "", r" D  e.\newlineF\tabg", *[x for q in ("one: Is  it one: ?",
            "multiple: b", " one: c", "d")
            for x in (q, " M  n", r"o\newlinep", "q", "r")]]) + "\n",
        "Is  it ? (A)  M  n (B) o p (C) q (D) r  D  e. F\\tabg\t M  n\n"
        "b (A)  M  n (B) o p (C) q (D) r  D  e. F\\tabg\to p\n"
        " c (A)  M  n (B) o p (C) q (D) r  D  e. F\\tabg\tq\n"
        "d (A)  M  n (B) o p (C) q (D) r  D  e. F\\tabg\tr\n",
        folder="mctest",
        beside={"m.ans": "A\tB\tC\tD\n"},
    ),
    Case(
        "adversarialqa_dbert adversarialqa_dbidaf "
        "adversarialqa_droberta",
        ":1762", "test", "a.jsonl",
        [{"id": str(n), "title": "T\t (U)  v", "context": P, "question": q,
            "answers": {"text": texts, "answer_start": [0] * len(texts)}}
            for n, (q, texts) in enumerate(((Q, [A.upper(), "z"]), ("B", []), ("C", [" ", "y"])))],
        " is it  a--   b     c (d)  \\n (t  (u)  v)  d e. f   g     h--(i)  \t  i j k\rm   "
        "l--(n)  \n"
        "b \\n (t  (u)  v)  d e. f   g     h--(i)  \t  \n"
        "c \\n (t  (u)  v)  d e. f   g     h--(i)  \t   \n",
    ),
    Case(
        "aqua_rat", ":1792", "train", "a.jsonl",
        [{"question": Q, "options": ["A)F(X)+1", "B)  m", "C)n\to", "D)p", "E) Q\n"], "correct":
            letter}
            for letter in "ACE"],
        " is it  a--   b     c (d) \\n(a)f(x)+1 (b)  m (c)n o (d)p (e) q \tF(X \n"
        " is it  a--   b     c (d) \\n(a)f(x)+1 (b)  m (c)n o (d)p (e) q \tn\to \n"
        " is it  a--   b     c (d) \\n(a)f(x)+1 (b)  m (c)n o (d)p (e) q \t Q\n"
        " \n",
    ),
    Case(
        "codah", ":1831", "train", "c.tsv",
        "n\t Is  it\t m  n\to\tp\tq\t0\n",
        " Is  it \\n (a)  m  n (b) o (c) p (d) q\t m  n \n",
    ),
    Case(
        "head_qa", ":1949", "train", "h.json",
        {"exams": {"e": {"name": "e", "data": [{"qid": "1", "qtext": Q, "ra": "1",
            "answers": [{"aid": n + 1, "atext": t} for n, t in enumerate((A.upper(), "M", "n",
            "o"))]}]}}},
        " is it  a--   b     c (d)  \\n  (a)  i j k\rm   l--(n)  (b) m (c) n (d) o \t  i j "
        "k\rm   l--(n)  \n",
        folder="head_qa_en_test",
    ),
    Case(
        "processbank", ":2053", "train", "p.xml",
        f"<p><text>{P}</text><questions><question><q>{Q}</q><a0>{A.upper()}</a0><a1>m</a1>"
            "<correct>0</correct></question><question><q>B</q><a0>n</a0><a1>O</a1><correct>1</correct>"
            "</question></questions></p>",
        "is it  a--   b     c (d) \\n (a) i j k m   l--(n) (b) m \\n d e. f   g     h--(i) "
        "\t i j k m   l--(n) \n"
        "b \\n (a) n (b) o \\n d e. f   g     h--(i) \t o \n",
    ),
    Case(
        "cosmosqa", ":2103", "train", "c.jsonl",
        [{"id": "1", "question": q, "context": P, "answer0": A, "answer1": "m", "answer2": "n",
            "answer3": "o", "label": 0}
            for q in (Q, "b? c")],
        "Isit a-- b  c (d)? \\n (A) ijk\rm L--(n) (B) m (C) n (D) o \\n De.F g  "
        "h--(i)\tijk\rm L--(n) \n"
        "b? c \\n (A) ijk\rm L--(n) (B) m (C) n (D) o \\n De.F g  h--(i)\tijk\rm L--(n) \n",
    ),
    Case(
        "cosmosqa", ":2103", "test", "c.jsonl",
        [{"id": "1", "question": q, "context": P, "answer0": A, "answer1": "m", "answer2": "n",
            "answer3": "o"}
            for q in (Q, "b? c")],
        "Isit a-- b  c (d)? \\n (A) ijk\rm L--(n) (B) m (C) n (D) o \\n De.F g  h--(i)\t- \n"
        "b? c \\n (A) ijk\rm L--(n) (B) m (C) n (D) o \\n De.F g  h--(i)\t- \n",
    ),
    Case(
        "tweetqa", ":2137", "train", "t.json",
        [{"qid": q, "Question": q, "Tweet": P, "Answer": [A, "z"]} for q in (Q, "b? c")],
        "Isit a-- b  c (d)? \\n De.F g  h--(i)\tijk\rm L--(n) \n"
        "b? c \\n De.F g  h--(i)\tijk\rm L--(n) \n",
    ),
    Case(
        "tweetqa", ":2137", "test", "t.json",
        [{"qid": "1", "Question": Q, "Tweet": P}],
        "Isit a-- b  c (d)? \\n De.F g  h--(i)\t- \n",
    ),
    Case(
        "mmlu", ":2171", "test", "anatomy_test.csv",
        f'"{Q}","{A}",m,n,o,A\n"b? c",p,q,r,s,D\n',
        "Isit a-- b  c (d) \\n (A) ijk\rm L--(n) (B) m (C) n (D) o \tijk\rm L--(n) \n"
        "b? c \\n (A) p (B) q (C) r (D) s \ts \n",
        folder="measuring_massive_multitask_language_understanding",
    ),
    Case(
        "dream", ":2204", "train", "d.json",
        [[[" M: D\te. ", "W:  F"], [{"question": Q, "choice": ["m", A, "n  "], "answer": "m"}],
            "1"]],
        "Isit a-- b  c (d) \\n(A) m (B)  i\tj\n"
        "k\rm   L--(n)  (C) n   \\n M: De. W: F\tm \n",
    ),
    Case(
        "prost", ":2239", "test", "p.jsonl",
        [{"context": P, "question": f"{Q}[MASK]  d", "A": A, "B": "m", "C": "n", "D": "o",
            "label": 0}],
        "Isit a-- b  c (d)_ d \\n De.F g  h--(i)\t i\tj\n"
        "k\rm   L--(n)  \n",
        folder="prost_open_domain_with_context",
    ),
    Case(
        "prost", ":2239", "test", "p.jsonl",
        [{"context": P, "question": f"{Q}[MASK]  d", "A": A, "B": "m", "C": "n", "D": "o",
            "label": 0}],
        "Isit a-- b  c (d)_ d\t i\tj\n"
        "k\rm   L--(n)  \n",
        folder="prost_open_domain_with_no_context",
    ),
    Case(
        "qaconv", "c3f223c:2283", "train", "trn.json",
        [{"id": "1", "article_segment_id": "s", "question": Q, "answers": [A, "z"]},
            {"id": "2", "article_segment_id": "s", "question": "b", "answers": []}],
        "Isit a-- b  c (d) \\n M: De. F g  h--(i) W: x \t ijk\rm L--(n)\n"
        "b \\n M: De. F g  h--(i) W: x \t unanswerable\n",
        beside={"article_segment.json":
            {"s": {"seg_dialog": [{"speaker": " M", "text": P}, {"speaker": "W", "text": "x"}]}}},
    ),
    Case(
        "physical_iqa", ":158", "train", "p.jsonl",
        [{"goal": Q, "sol1": "m", "sol2": A}],
        " Is it  a--   b     c (d)  \\n (A) m (B)  i j k\rm   L--(n)  \t  i j k\rm   L--(n) "
        "\n",
        beside={"p-labels.lst": "1\n"},
    ),
    Case(
        "social_iqa", ":196", "train", "s.jsonl",
        [{"question": Q, "context": P, "answerA": "m", "answerB": "n", "answerC": A, "correct":
            "C"}],
        " Is it  a--   b     c (d)  \\n (A) m (B) n (C)  i j k\rm   L--(n)  \\n  D e. F   g  "
        "   h--(i)  \t  i j k\rm   L--(n) \n",
    ),
    Case(
        "winogrande_xs winogrande_s winogrande_m "
        "winogrande_l winogrande_xl winogrande_debiased",
        ":1178", "train", "w.jsonl",
        [{"qID": "1", "sentence": " Is  _ it ", "option1": "m ", "option2": " n  o", "answer":
            "2"},
            {"qID": "2", "sentence": "b _", "option1": "p", "option2": "q"}],
        " Is  _ it  \\n (A) m  (B)  n  o \t  n  o \n"
        "b _ \\n (A) p (B) q \t  \n",
    ),
    Case(
        "record", ":1597, of a passage without highlights, with one answer", "train", "r.jsonl",
        [{"idx": n, "passage": {"text": "D e F.", "entities": [{"start": 0, "end": 0}, {"start":
            2, "end": 4}]},
            "qas": [{"idx": k, "query": f" {q}@placeholder  x", "answers": [{"text": "D"}]} for k,
            q in enumerate("ab.")]} for n in (0, 1)],
        " a_ x. \\n (A) D (B) e F \\n D e F. \t D \n"
        " b_ x. \\n (A) D (B) e F \\n D e F. \t D \n"
        " ._ x \\n (A) D (B) e F \\n D e F. \t D \n",
    ),
    Case(
        "record", ":1597, of a passage without highlights, with one answer", "test", "r.jsonl",
        [{"idx": n, "passage": {"text": "D e F.", "entities": [{"start": 0, "end": 0}, {"start":
            2, "end": 4}]},
            "qas": [{"idx": k, "query": f" {q}@placeholder  x"} for k, q in enumerate("ab.")]}
            for n in (0, 1)],
        " a_ x. \\n (A) D (B) e F \\n D e F. \t - \n"
        " b_ x. \\n (A) D (B) e F \\n D e F. \t - \n"
        " ._ x \\n (A) D (B) e F \\n D e F. \t - \n",
    ),
]
# fmt: on
BY_NAME = [(dataset, case) for case in CASES for dataset in case.datasets.split()]
each_case = pytest.mark.parametrize(
    ("dataset", "case"),
    BY_NAME,
    ids=[f"{dataset}-{case.folder}-{case.split}" for dataset, case in BY_NAME],
)


def put(path: Path, content: Any) -> Path:
    """Write rows as the file's ending says."""
    if not isinstance(content, str):
        lines = content if path.suffix == ".jsonl" else [content]
        content = "".join(json.dumps(line) + "\n" for line in lines)
    path.write_bytes(content.encode())
    return path


def profile_of(dataset: str, case: Case) -> str:
    """The profile that writes the case's folder."""
    folder = case.folder.replace("GRADE", dataset.removeprefix("race_"))
    return f"unifiedqa:{folder}" if folder else "unifiedqa"


def converted(dataset: str, case: Case, folder: Path, **changes: Any) -> Result:
    """The case's rows, converted under its profile."""
    raw = put(folder / case.file, case.rows)
    for name, content in case.beside.items():
        put(folder / name, content)
    given = {
        "profile": profile_of(dataset, case),
        "records": "question",
        "to": "tsv",
        **changes,
    }
    return convert(
        Request(
            dataset=dataset,
            split="all" if (dataset, case.split) == ("pubmedqa", "train") else case.split,
            raw=(raw,),
            out=folder / "out",
            unlabelled=True,
            **given,
        )
    )


def text_of(result: Result) -> str:
    """The shards, one after the other."""
    return b"".join(it.read_bytes() for it in sorted(result.folder.glob("data-*.tsv"))).decode()


@each_case
def test_the_text_is_upstreams(dataset: str, case: Case, tmp_path: Path) -> None:
    result = converted(dataset, case, tmp_path)
    assert text_of(result) == case.text
    assert not result.manifest["counts"]["rows"]["rejected"]
    assert check_path(result.folder).ok


def test_every_form_is_tried() -> None:
    tried = [
        (dataset, profile_named(profile_of(dataset, case)).of(dataset).own)
        for dataset, case in BY_NAME
    ]
    missing = [
        (dataset, form.folder)
        for dataset, forms in UNIFIEDQA.items()
        for form in forms
        if (dataset, form) not in tried
    ]
    assert not missing
