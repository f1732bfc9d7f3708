/** @type {HTMLLinkElement | null} */
const tabIcon = document.querySelector('link[rel="icon"]');
const plain = tabIcon?.href ?? '';
const marked = plain.replace('favicon.svg', 'favicon-unread.svg');

/**
 * Says how much is unread where the page itself is not seen: on its tab, and on the app's icon.
 *
 * @param {number} count
 * @param {string} name The open channel's.
 */
export function markUnread(count, name) {
  document.title = `${count > 0 ? `(${count}) ` : ''}${name} · Rialto`;
  const icon = count > 0 ? marked : plain;
  if (tabIcon && tabIcon.href !== icon) tabIcon.href = icon;
  // Only an installed app has an icon to mark.
  navigator.setAppBadge?.(count).catch(() => {});
}
