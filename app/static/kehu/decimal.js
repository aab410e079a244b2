/* Exact decimals: whole numbers of the smallest unit (BigInt), and fractions of them while a formula is reckoned.
 *
 * The same as app/core/formula.py does on the server: exact, and rounded once, half up.
 */

const NUMBER = /^([+-]?)[¥$€]?(?=\.?\d)(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i;
const size = (value) => (value < 0n ? -value : value);

/** What a text says without what says nothing: full-width signs are the plain ones, spaces go. */
const bare = (text) =>
  text
    .replace(/\s/g, "")
    .replace(/[\uff01-\uff5e]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
    .replace(/\uffe5/g, "¥");

/** The fraction {n, d} that a text stands for, a rate also as «13%»; null when it is no number.  The same as app/core/decimals.py reads. */
export function read(text, isRate = false) {
  const plain = bare(text);
  const ofHundred = isRate && plain.endsWith("%");
  const found = NUMBER.exec(ofHundred ? plain.slice(0, -1) : plain);
  if (!found) return null;
  const [, sign, grouped, decimals = "", power = "0"] = found;
  const shift = decimals.length - Number(power) + (ofHundred ? 2 : 0);
  const digits = BigInt(`${sign === "-" ? "-" : ""}${grouped.replaceAll(",", "")}${decimals}`);
  return shift > 0 ? { n: digits, d: 10n ** BigInt(shift) } : { n: digits * 10n ** BigInt(-shift), d: 1n };
}

/** A number without its groups and its currency, as a cell holds it; a text that is no number as it is. */
export const tidy = (text) => (read(text) ? bare(text).replace(/[,¥$€]/g, "") : text);

const operators = {
  "+": (one, other) => ({ n: one.n * other.d + other.n * one.d, d: one.d * other.d }),
  "-": (one, other) => ({ n: one.n * other.d - other.n * one.d, d: one.d * other.d }),
  "*": (one, other) => ({ n: one.n * other.n, d: one.d * other.d }),
  "/": (one, other) => (other.n === 0n ? null : other.n < 0n ? { n: -one.n * other.d, d: -one.d * other.n } : { n: one.n * other.d, d: one.d * other.n }),
};

/** What the steps of a formula (postfix) make of fractions by name; null when one is missing, or 0 divides. */
export function reckon(steps, values) {
  const stack = [];
  for (const step of steps) {
    let value;
    if (step in operators) {
      const other = stack.pop();
      value = operators[step](stack.pop(), other);
    } else value = step.startsWith("#") ? read(step.slice(1)) : values[step];
    if (!value) return null;
    stack.push(value);
  }
  return stack.pop();
}

/** A fraction in whole units of `scale` decimals, half up (away from 0). */
export function rounded({ n, d }, scale) {
  const units = (2n * size(n) * 10n ** BigInt(scale) + d) / (2n * d);
  return n < 0n ? -units : units;
}

/** Whole units of `scale` decimals as a fraction. */
export const fraction = (units, scale) => ({ n: units, d: 10n ** BigInt(scale) });

/** All the decimals: «1234.50». */
export function plain(units, scale) {
  const digits = String(size(units)).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale ? `.${digits.slice(-scale)}` : ""}`;
}

/** As people read it: «1,234.50» for money, «1,234.5» for a quantity, at least two decimals for a price. */
export function shown(units, scale) {
  const [whole, decimals = ""] = plain(units, scale).split(".");
  const least = scale === 2 || scale === 6 ? 2 : 0;
  const kept = decimals.replace(/0+$/, "").padEnd(least, "0");
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",")}${kept ? `.${kept}` : ""}`;
}
