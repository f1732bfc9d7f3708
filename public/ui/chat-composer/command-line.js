// All that understands commands and names, in one: the composer fetches it after the page is ready, or when it is first needed.
export { reminder } from '../../state/commands/completion.js';
export { parse } from '../../state/commands/grammar.js';
export { address, execute, run, unknown } from '../../state/commands/run.js';
export { corrected, hidden, isHarmless, lacksSecret, split } from '../../state/commands/secrets.js';
export { COMMANDS } from '../../state/commands/table.js';
export { Completer } from './completer.js';
