"""The words about a telephone, and every word of the register in Chinese by its English one. Pure."""

from crm_core.patients.field import Word, Words
from crm_core.patients.fields import FIELDS
from crm_core.patients.kinship import KINDS

OWNERS: Words = {
    "self": Word("本人", "self", "患者 自己"),
    "spouse": Word("配偶", "spouse", "丈夫 妻子 爱人 老公 老婆 husband wife"),
    "father": Word("父亲", "father", "爸爸 父"),
    "mother": Word("母亲", "mother", "妈妈 母"),
    "son": Word("儿子", "son", "子"),
    "daughter": Word("女儿", "daughter", "女"),
    "grandparent": Word("祖辈", "grandparent", "爷爷 奶奶 外公 外婆 姥姥 姥爷"),
    "sibling": Word("兄弟姐妹", "sibling", "哥哥 弟弟 姐姐 妹妹"),
    "carer": Word("护工", "carer", "保姆 看护"),
    "other": Word("他人", "other", "其他 朋友 邻居"),
}
PHONE_KINDS: Words = {
    "mobile": Word("手机", "mobile"),
    "home": Word("家里", "home", "家 家庭 住宅"),
    "work": Word("单位", "work", "公司 办公室"),
}
_SETS = (*(field.words for field in FIELDS), OWNERS, PHONE_KINDS, KINDS)
CHINESE = {field.english: field.chinese for field in FIELDS} | {
    word.english: word.chinese for words in _SETS for word in words.values()
}
