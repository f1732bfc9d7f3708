/**
 * Keeps an element above a keyboard on the screen where the browser lays it over the page instead of making the page smaller.
 *
 * @param {HTMLElement} element Its style has `--covered`, the height of what is covered.
 */
export function stayAboveKeyboard(element) {
  const view = window.visualViewport;
  if (!view) return;
  const measure = () => {
    // A page that was zoomed into is smaller too, but for another reason.
    const covered = view.scale === 1 ? Math.max(0, window.innerHeight - view.height - view.offsetTop) : 0;
    element.style.setProperty('--covered', `${covered}px`);
  };
  view.addEventListener('resize', measure);
  view.addEventListener('scroll', measure);
}
