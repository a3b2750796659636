// Runs named checks and drives the sandbox's control surface for check_node.mjs.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';

/** The control surface of one running sandbox. */
export class Sandbox {
  constructor(url) {
    this.url = url;
  }

  /** A control call below /_sandbox; the JSON answer. */
  async control(method, path, body) {
    const response = await fetch(`${this.url}/_sandbox${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    assert.equal(response.status, 200, `${path}: ${text}`);
    return JSON.parse(text);
  }

  /** Moves virtual time; ends when emulators have followed and webhooks are answered. */
  advance(seconds) {
    const body = { advance_seconds: seconds, wait_for_deliveries: true };
    return this.control('POST', '/clock', body);
  }

  /** Changes settings of the emulator. */
  settings(settings) {
    return this.control('POST', '/gocardless/seed', { settings });
  }

  /** Disturbs the next request that fits. */
  fault(kind, where) {
    return this.control('POST', '/gocardless/faults', { rules: [{ kind, ...where }] });
  }
}

/** Takes webhooks on loopback and keeps what came: { headers, body }. */
export async function receiver(status = 204) {
  const received = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(status).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    received,
    url: `http://127.0.0.1:${server.address().port}/webhooks`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Runs all checks, prints a line each and the totals; the exit code. */
export async function run(checks, account) {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check(account);
      console.log(`ok ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED ${name}`);
      console.log(`    ${String(error.stack ?? error).replaceAll('\n', '\n    ')}`);
    }
  }
  console.log(`${Object.keys(checks).length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** The error of exactly this class that the call must reject with. */
export async function rejects(kind, call, status, reason) {
  let result;
  try {
    result = await call();
  } catch (error) {
    assert.equal(error.constructor.name, kind.name, String(error));
    if (status !== undefined) assert.equal(error.code, status);
    if (reason !== undefined) {
      assert.deepEqual(error.errors.map((entry) => entry.reason), [reason]);
    }
    return error;
  }
  return assert.fail(`expected ${kind.name}, got ${JSON.stringify(result)}`);
}

/** A resource without what the client adds to it. */
export function plain(resource) {
  const { __response__, ...rest } = resource;
  return rest;
}
