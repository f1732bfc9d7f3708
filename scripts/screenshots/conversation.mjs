/** Who is seen in the pictures. The first one's window it is. */
export const PEOPLE = ['Mara Lindqvist', 'Tomás Ferreira', 'Priya Raman', 'Yuki Tanaka', 'Jonas Weber', 'Amina Diallo', 'Oren Katz', 'Sofia Marino'];
/** They have an account and are not here. */
export const AWAY = ['Oren Katz', 'Sofia Marino'];

/** They are in the call of General when there is one. */
export const CALLERS = ['Tomás Ferreira', 'Priya Raman', 'Yuki Tanaka'];

export const [VIEWER] = PEOPLE;

/**
 * What was said in General, and when: days ago, and the time of that day. `reactions`: how many chose it.
 *
 * @type {{ by: string, at: [number, string], text: string, reactions?: Record<string, number> }[]}
 */
export const GENERAL = [
  { by: 'Tomás Ferreira', at: [4, '16:02'], text: 'The bridge demo is up, for whoever wants to break it: https://example.org/bridge-demo' },
  {
    by: 'Priya Raman',
    at: [4, '16:05'],
    text: 'Broke it. At 200 % zoom the send button goes for a swim 😅',
    reactions: { '😂': 4, '🌉': 2 },
  },
  { by: 'Tomás Ferreira', at: [4, '16:06'], text: 'On it' },
  {
    by: 'Mara Lindqvist',
    at: [4, '16:20'],
    text: 'A rule I keep coming back to: if it needs a mouse, it is not finished.',
    reactions: { '❤️': 5 },
  },
  {
    by: 'Yuki Tanaka',
    at: [1, '09:12'],
    text: 'Last night’s load test, 10,000 people in one channel on two nodes:\n```\np50    4 ms\np95   11 ms\np99   23 ms\n```',
    reactions: { '🎉': 5, '👀': 1 },
  },
  { by: 'Jonas Weber', at: [1, '09:15'], text: '23 ms? What did you change?' },
  { by: 'Yuki Tanaka', at: [1, '09:17'], text: 'Only that `fan_out` batches by socket now, not by message.' },
  { by: 'Mara Lindqvist', at: [1, '09:18'], text: 'Lovely. Would you write it up for the release notes?' },
  { by: 'Yuki Tanaka', at: [1, '09:18'], text: 'Draft by lunch.' },
  { by: 'Priya Raman', at: [0, '09:41'], text: 'Good morning! Docs review at 11, same place as always.' },
  { by: 'Jonas Weber', at: [0, '09:44'], text: 'I’ll be five minutes late, the 14 tram is a bus today 🚌' },
  { by: 'Mara Lindqvist', at: [0, '09:45'], text: 'No rush, I begin with the pictures.' },
  { by: 'Tomás Ferreira', at: [0, '10:02'], text: '@Mara Lindqvist the button stays in view now. Would you try it on your phone?' },
  { by: 'Mara Lindqvist', at: [0, '10:04'], text: 'It does, even with the keyboard open. Thank you!', reactions: { '🙌': 2 } },
  { by: 'Amina Diallo', at: [0, '10:20'], text: 'Hello! I only followed a link. Is this where the release is planned?' },
  { by: 'Yuki Tanaka', at: [0, '10:21'], text: 'It is. Welcome, Amina!', reactions: { '👋': 3 } },
];

/**
 * The viewer's direct channels.
 *
 * @type {{ with: string, unread?: boolean, messages: { by: string, at: [number, string], text: string, reactions?: Record<string, number> }[] }[]}
 */
export const DIRECT = [
  {
    with: 'Sofia Marino',
    messages: [
      { by: 'Sofia Marino', at: [6, '18:30'], text: 'Photos from the workshop: https://example.org/photos/workshop' },
      { by: 'Mara Lindqvist', at: [6, '18:41'], text: 'The one with the scale model is great' },
    ],
  },
  { with: 'Oren Katz', messages: [{ by: 'Oren Katz', at: [2, '11:08'], text: 'Sent you the invoice, no hurry' }] },
  {
    with: 'Tomás Ferreira',
    messages: [
      { by: 'Tomás Ferreira', at: [1, '17:31'], text: 'One question about the composer before I go' },
      { by: 'Tomás Ferreira', at: [1, '17:31'], text: 'Should a draft survive signing out?' },
      { by: 'Mara Lindqvist', at: [1, '17:40'], text: 'Signing out, no: it may be another person’s machine. A reload or a lost connection, always.' },
      { by: 'Tomás Ferreira', at: [1, '17:42'], text: 'Then it is already right 👌', reactions: { '👍': 1 } },
      { by: 'Mara Lindqvist', at: [0, '08:55'], text: 'I tried to lose one on the train. Two tunnels, nothing lost.' },
      { by: 'Tomás Ferreira', at: [0, '09:03'], text: 'The test for that, in case you want to see how mean it is:\n```\nawait server.kill();\nawait ana.say(\'while away\');\nawait server.restart();\nawait ben.shows([\'while away\']);\n```' },
      { by: 'Mara Lindqvist', at: [0, '09:05'], text: 'Mean is good. Merging it.' },
    ],
  },
  {
    with: 'Priya Raman',
    unread: true,
    messages: [
      { by: 'Priya Raman', at: [0, '10:11'], text: 'Do you have ten minutes after the review?' },
      { by: 'Priya Raman', at: [0, '10:12'], text: 'It is about the welcome line' },
    ],
  },
];

/** The one room that asks for a password. */
export const GUARDED = 'Supper club';

/** The rooms on the list. */
export const ROOMS = [
  { name: 'Open stage', guestLimit: 50 },
  { name: GUARDED, password: 'al dente', guestLimit: 8 },
  { name: 'Release party' },
];
