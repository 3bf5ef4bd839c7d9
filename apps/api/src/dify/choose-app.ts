import type { IncomingHttpHeaders } from 'node:http';

import { suggestName, type Config } from '@sluice/config';
import { SluiceError, type AppKind } from '@sluice/contracts';

/** Which apps a route of Dify's runs. */
export type Family = 'workflow' | 'chat' | 'completion';

const familyOf: Readonly<Record<AppKind, Family>> = {
  workflow: 'workflow',
  chat: 'chat',
  chatflow: 'chat',
  agent: 'chat',
  completion: 'completion',
};

/** Dify's code for an app that the route does not run. */
const wrongKind: Readonly<Record<Family, string>> = {
  workflow: 'not_workflow_app',
  chat: 'not_chat_app',
  completion: 'app_unavailable',
};

export interface ChosenApp {
  name: string;
  kind: AppKind;
}

/** The headers that name an app, in lower case. */
export const appHeaders = ['x-dify-app-id', 'x-sluice-app'] as const;

/**
 * The app that a request in Dify's format is for. At Dify the key says it; here `X-Dify-App-Id` or `X-Sluice-App` does, or the
 * configuration where it has only one app of that family. Without a family any app is meant.
 * @throws SluiceError `invalid_request` that names the apps there are.
 */
export function chooseApp(
  headers: IncomingHttpHeaders,
  family: Family | undefined,
  { routes }: Pick<Config, 'routes'>,
): ChosenApp {
  const apps = appsOf(family, routes);
  const names = apps.map(({ name }) => name);
  const [header = appHeaders[0]] = appHeaders.filter((each) => headers[each] !== undefined);
  const given = headers[header];
  if (given === undefined) return theOnlyOne(apps, family);
  const named = String(given).trim();
  const found = apps.find(({ name }) => name === named);
  if (found) return found;
  const isThere = Object.hasOwn(routes.workflow, named);
  const shown = named.slice(0, 80);
  throw refuse(
    isThere
      ? `app "${shown}" is a ${kindIn(routes, named)} app, which this route does not run; ${listOf(names)}`
      : `there is no app "${shown}" here; ${suggestName(named, names)}`,
    isThere && family ? wrongKind[family] : undefined,
  );
}

/** The family of an app of the configuration; `undefined` for one that is not there any more. */
export function familyOfApp(name: string, { routes }: Pick<Config, 'routes'>): Family | undefined {
  return Object.hasOwn(routes.workflow, name) ? familyOf[kindIn(routes, name)] : undefined;
}

/** What the app is; one that is not there any more was a workflow for all that is known. */
export function kindOfApp(name: string, { routes }: Pick<Config, 'routes'>): AppKind {
  return Object.hasOwn(routes.workflow, name) ? kindIn(routes, name) : 'workflow';
}

function appsOf(family: Family | undefined, routes: Config['routes']): ChosenApp[] {
  return Object.keys(routes.workflow)
    .map((name) => ({ name, kind: kindIn(routes, name) }))
    .filter(({ kind }) => family === undefined || familyOf[kind] === family);
}

function theOnlyOne(apps: readonly ChosenApp[], family: Family | undefined): ChosenApp {
  const [only, ...others] = apps;
  if (only && others.length === 0) return only;
  if (!only) throw refuse(`no ${family ?? ''} app is configured`.replace('  ', ' '));
  throw refuse(`name the app; ${listOf(apps.map(({ name }) => name))}`);
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'no other one is configured' : `one of ${names.join(', ')}`;
}

function kindIn(routes: Config['routes'], name: string): AppKind {
  return routes.workflow[name]?.targets[0].app?.kind ?? 'workflow';
}

function refuse(why: string, difyCode?: string): SluiceError {
  const param = 'X-Dify-App-Id';
  return new SluiceError('invalid_request', `${param}: ${why}`, { param, upstreamCode: difyCode });
}
