"""Where the demo's patients live: fictitious houses in streets of Hangzhou, some written down badly. Pure."""

from collections.abc import Mapping

STREETS: Mapping[str, tuple[str, str]] = {  # of each region: a street and its postcode
    "西湖区": ("文三路", "310012"),
    "拱墅区": ("莫干山路", "310011"),
    "上城区": ("解放路", "310009"),
    "滨江区": ("江南大道", "310051"),
    "萧山区": ("市心中路", "311202"),
    "余杭区": ("文一西路", "311121"),
    "临平区": ("迎宾路", "311100"),
    "钱塘区": ("学源街", "310018"),
    "富阳区": ("桂花路", "311400"),
}
NO_STREET, NO_POSTCODE, OTHER_POSTCODE = 23, 17, 29  # every so manieth


def address(number: int, region: str) -> tuple[str, str, str, str, str]:
    """Province, city, district, street and postcode of the patient with this number."""
    district = region.removeprefix("杭州市")
    street, postcode = STREETS.get(district, STREETS["西湖区"])
    house = f"{street} {number * 7 % 300 + 1} 号 {number % 20 + 1} 幢 {number % 18 + 1}0{number % 4 + 1} 室"
    return (
        "浙江省",
        "杭州市",
        district if district in STREETS else "西湖区",
        house if number % NO_STREET else "",
        "" if not number % NO_POSTCODE else "510080" if not number % OTHER_POSTCODE else postcode,
    )
