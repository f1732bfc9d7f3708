const EMOJI = emojiPattern();

/**
 * Who chose an emoji. Its name comes from outside, and may be that of something which every object has.
 *
 * @param {Record<string, string[]> | undefined} reactions
 * @param {string} emoji
 * @returns {string[]}
 */
export function chosenBy(reactions, emoji) {
  return (reactions && Object.hasOwn(reactions, emoji) && reactions[emoji]) || [];
}

/**
 * Whether this is one emoji, and nothing else.
 *
 * @param {string} text
 */
export function isReaction(text) {
  // Some leave out what asks for a picture.
  return EMOJI.test(text) || EMOJI.test(`${text}\uFE0F`);
}

function emojiPattern() {
  try {
    return new RegExp('^\\p{RGI_Emoji}$', 'v');
  } catch {
    // An older browser knows no whole emoji, only what they are made of.
    const one = '\\p{Extended_Pictographic}[\\uFE0F\\p{Emoji_Modifier}\\u{E0020}-\\u{E007F}]*';
    return new RegExp(`^(?:${one}(?:\\u200D${one})*|\\p{Regional_Indicator}{2}|[#*\\d]\\uFE0F?\\u20E3)$`, 'u');
  }
}
