// Android only lets a worker show notifications, and only a worker hears that one was clicked. This one does nothing else: it
// answers no request and keeps no file, so the page is never older than the server. It is only registered for who wants
// notifications.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data.channel));
});

/** @param {string} channel */
async function show(channel) {
  const [latest] = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (!latest) return worker.clients.openWindow('/');
  latest.postMessage({ open: channel });
  return latest.focus();
}
