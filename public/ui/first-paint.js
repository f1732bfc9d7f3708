// Runs before anything is drawn, so that a page in the dark never flashes white. No module: those wait for the document.
// What it reads is written by state/preferences.js.
try {
  const { theme } = JSON.parse(localStorage.getItem('rialto.preferences') ?? '{}');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // Without storage, or with something else in it, the system's theme serves.
}
