// How many texts a message becomes, as sms/segments.py cuts it: between characters only, GSM alphabet or UCS-2.
const basic = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const extension = new Set("\f^{}\\[~]|€");

export function sizeOf(text) {
  const chars = [...text];
  const isGsm = chars.every((char) => basic.has(char) || extension.has(char));
  const unitsOf = (char) => (isGsm ? (extension.has(char) ? 2 : 1) : char.length);
  const units = chars.reduce((sum, char) => sum + unitsOf(char), 0);
  const [one, many] = isGsm ? [160, 153] : [70, 67];
  if (units <= one) return { units, segments: units ? 1 : 0 };
  let segments = 1;
  let used = 0;
  for (const char of chars) {
    if (used + unitsOf(char) > many) [segments, used] = [segments + 1, 0];
    used += unitsOf(char);
  }
  return { units, segments };
}

// The hospital's name comes before the text by itself, in the language of the text, unless the writer has put it there.
export function signed(text, { signature = "", signatureEn = "" }) {
  if (!text || text.includes(signature.trim()) || text.includes(signatureEn.trim())) return text;
  const isEnglish = /[a-zA-Z]{2}/.test(text) && !/[㐀-鿿]/.test(text);
  return (isEnglish ? signatureEn : signature) + text;
}
