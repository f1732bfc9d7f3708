// What a node says of its protocols is a document that other programs understand. That it is true, tests of the protocols see.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { Ajv } from 'ajv';
import formats from 'ajv-formats';

import { Server } from './support/server.mjs';

const asyncapi = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json');

let server;
let document;

before(async () => {
  server = await Server.start();
  document = await (await fetch(new URL('asyncapi.json', server.url))).json();
});
after(() => server?.stop());

test('it is an AsyncAPI 3.0.0 document', () => {
  // AsyncAPI's schema brings JSON Schema's own along, and has keywords besides.
  const ajv = formats.default(new Ajv({ strict: false, meta: false, validateSchema: false, allErrors: true }));
  const validate = ajv.compile(asyncapi);
  assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 5), null, 2));
});

test('every channel, operation and reference leads to something', () => {
  assert.deepEqual(Object.keys(document.channels).sort(), ['chat', 'lobby', 'mesh', 'rooms', 'stage']);
  for (const name of Object.keys(document.channels)) {
    for (const side of ['client', 'server']) assert.ok(document.operations[`${name}.${side}`].messages.length > 2, `${name}.${side}`);
  }
  for (const [, reference] of JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    assert.ok(reference.split('/').reduce((value, part) => value?.[part], document) !== undefined, reference);
  }
});

test('every message has a schema that is one', () => {
  const ajv = formats.default(new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }));
  const { components, channels } = JSON.parse(JSON.stringify(document).replaceAll('"#/components/schemas/', '"document#/definitions/'));
  ajv.addSchema({ $id: 'document', definitions: components.schemas });
  for (const [name, { messages }] of Object.entries(channels)) {
    for (const [key, { payload }] of Object.entries(messages)) assert.doesNotThrow(() => ajv.compile(payload), `${name} ${key}`);
  }
});
