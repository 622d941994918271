"""What the name of a parameter tells: a type in the notation of annotations, and a role. Data."""

import re
from functools import lru_cache

# type, role, names (the last word of a longer name is looked up when the whole is not here)
_TABLE = """
int: n m k num number x0 nth integer val1 val2 numero entero anzahl zahl nombre
int:small: depth level levels step steps times iterations rounds repeat radix degree power
int:small: exponent exp base rank order generations
int:index: i j idx index pos position start end begin stop left right lo hi low high offset lower
int:index: upper row col column r c head tail
int:count: count cnt counter total_count limit maximum minimum max min cap capacity quantity
int:count: amount qty
int:size: length len size width height w h rows cols columns dim dims dimension dimensions ncols
int:size: nrows
int:year: year years yr
int:month: month
int:day: day days
int:hour: hour hours hh
int:minute: minute minutes mins
int:seconds: seconds secs sec ms millis duration elapsed timestamp epoch
int:age: age
int:byte: byte red green blue alpha octet
int:large: limit_value target goal population seed modulus mod prime limit_max
int: p q a b c d e x y z divisor dividend denominator numerator multiple factor points shift bits
int: mask flags id uid pid port code status digit
float: rate ratio tolerance tol eps epsilon threshold thresh lr learning delta gamma beta theta mu
float: sigma std variance mean mass velocity speed distance dist radius lat lon latitude longitude
float: celsius fahrenheit kelvin bmi interest
float:price: price cost salary income amount_due total balance discount tax bill tip budget
float:weight: weight weights_kg
float:percent: percent percentage pct
float:probability: prob probability confidence
float:angle: angle degrees deg
float:temperature: temp temperature
int:score: score grade marks mark rating
str: s st str1 str2 s1 s2 string a_string cadena chaine txt inp raw
str:text: text txt sentence message msg content paragraph body description desc comment document
str:text: doc phrase question answer query input_string inputstring userinput
str:word: word w1 w2 word1 word2 term token prefix suffix substring sub needle keyword tag label
str:word: slug item_name noun verb category topic kind animal fruit
str:char: char ch character letter symbol c1 c2 chr sym
str:name: name username user fullname firstname lastname first_name last_name person author player
str:name: owner
str:email: email mail
str:url: url uri link href website domain host hostname endpoint server
str:path: path filepath dir directory folder dirname root_dir file_path pathname
str:file: filename fname file file_name basename
str:extension: ext extension
str:date: date
str:time: time clock time_str
str:color: color colour hex_color
str:ip: ip address ip_address ipaddr
str:version: version ver
str:key: key
str:separator: sep separator delimiter delim joiner
str:phone: phone telephone mobile
str:dna: dna rna seq_dna strand nucleotide base_seq genome kmer
str:roman: roman numeral
str:brackets: brackets parens parentheses bracket
str:expression: expression expr formula equation
str:json: json json_str payload_text
str:format: fmt format
str:pattern: pattern regex
str:mode: mode method strategy
str:operator: operator op operation
str:unit: unit units from_unit to_unit
str:country: country nation
str:city: city town location place
str:language: lang language locale
str:line: line row_text header_line
str:code: source source_code snippet
str:identifier: identifier ident varname variable attr attribute field fieldname class_name
str:identifier: classname func_name
str:html: html xml markup
str:title: title heading caption book movie
str:move: move moves direction directions instruction
str:binary: binary bin bits_str binary_string binstr bitstring
str:hex: hex hexstr hex_string hexadecimal
str:digits: digits_str isbn zipcode zip postcode pin
bool: flag verbose debug is_valid enabled strict reverse reversed ascending descending recursive
bool: force quiet inplace silent active use_cache ignore_case case_sensitive include exclude
bool: inclusive sort sorted unique
list[int]: nums numbers arr array lst l li a_list integers ints digits values vals list1 list2 l1
list[int]: l2 arr1 arr2 nums1 nums2 alist seq sequence heights coins costs prices_list ages years
list[int]: indices indexes positions sizes weights vector vec v1 v2 elements elems list data_list
list[int]: liste lista A B X Y L sample samples population_list numlist num_list intervals_flat
list[int]: stack queue heap scores grades data xs ys dataset series
list[float]: prices temperatures temps measurements probabilities probs coefficients coeffs floats
list[float]: rates
list[str]: words strings names tokens lines keys labels tags strs chars letters texts sentences
list[str]: items_names files filenames paths args argv parts columns_names fields headers header
list[str]: cmd command arguments wordlist word_list dictionary_words commands filelist
list: items item_list objects entries inputs results elements_list collection iterable container
list: things ls
list[list[int]]: matrix grid board mat table m1 m2 rows_list image pixels maze matrix1 matrix2
list[list[int]]: points_list intervals triangle field_grid cells array2d
list[tuple[int,int]]: pairs edges coords coordinates ranges segments tuples points
tuple[int,int]: point pt coord pair interval p1 p2 cell pos_xy xy range_ loc
dict[str,int]: counts freq frequencies histogram inventory stock votes
dict[str,str]: mapping map lookup translations env headers_map substitutions replacements aliases
dict: d dic dict dictionary hash table_map config conf cfg options opts settings params kwargs
dict: record context ctx metadata meta payload obj dct dict1 dict2 d1 d2 info json_data response
dict: event user_data profile row_dict properties props attributes attrs state request
dict[str,list[str]]: graph adj adjacency adjacency_list tree_map neighbors
set[int]: visited seen set1 set2
list[dict]: records users products people employees students orders transactions events
bytes: buf buffer bytes_ raw_bytes packet blob chunk
str: data_str text_input
"""


def _read(table: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for line in table.strip().splitlines():
        head, _, names = line.rpartition(": ")
        kind, _, role = head.partition(":")
        for name in names.split():
            found.setdefault(name, (kind, role))
    return found


_HINTS = _read(_TABLE)
_FLAGS = ("is", "has", "should", "use", "allow", "enable", "with", "do", "can", "ignore", "include")
_COUNTS = ("num", "n", "max", "min", "nb", "no", "count", "total", "number")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def split_name(name: str) -> list[str]:
    """Return the words of an identifier, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


@lru_cache(maxsize=4096)
def hint_of(name: str) -> tuple[str, str, float]:
    """Return the type that a name suggests, its role, and how strongly."""
    plain = name.strip("_")
    if plain in _HINTS:
        return (*_HINTS[plain], 1.0)
    words = split_name(plain)
    if "_".join(words) in _HINTS:
        return (*_HINTS["_".join(words)], 1.0)
    if not words:
        return "", "", 0.0
    return _hint_of_words(words)


def _hint_of_words(words: list[str]) -> tuple[str, str, float]:
    words = [word for word in words if not word.isdigit()] or words
    if len(words) > 1 and words[0] in _FLAGS:
        return "bool", "", 0.9
    if len(words) > 1 and words[0] in _COUNTS:
        return "int", "small", 0.9
    if words[-1] in _HINTS:
        return (*_HINTS[words[-1]], 0.8)
    return _plural(words)


def _plural(words: list[str]) -> tuple[str, str, float]:
    last = words[-1]
    if last.endswith("s") and not last.endswith("ss") and len(last) > 3:
        kind, role = _HINTS.get(last[:-1], ("", ""))
        return (f"list[{kind}]" if kind in ("int", "float", "str") else "list"), role, 0.7
    for word in reversed(words[:-1]):
        if word in _HINTS:
            return (*_HINTS[word], 0.4)
    return "", "", 0.0
