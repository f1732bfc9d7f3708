/** @typedef {import('../state/preferences.js').Preferences} Preferences */

/**
 * Paints the page, and the browser's frame around it, in the theme that the user chose.
 *
 * @param {Preferences} preferences
 */
export function followTheme(preferences) {
  const root = document.documentElement;
  const paint = () => {
    if (preferences.theme === 'system') delete root.dataset['theme'];
    else root.dataset['theme'] = preferences.theme;
    const { backgroundColor } = getComputedStyle(root);
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.setAttribute('content', backgroundColor);
  };
  preferences.on('change', paint);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paint);
  paint();
}
