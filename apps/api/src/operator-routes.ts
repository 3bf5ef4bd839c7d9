import type { ApiRoute } from './routes.ts';
import {
  listLimitsRoute,
  overrideLaneRoute,
  pauseLaneRoute,
  pinLaneRoute,
  resetLaneRoute,
  resumeLaneRoute,
  unpinLaneRoute,
} from './routes/limits.ts';
import {
  listSplitsRoute,
  resetSplitRoute,
  resumeSplitRoute,
  rollBackSplitRoute,
  setSplitRoute,
} from './routes/splits.ts';

/** What operators see and change of lanes and splits while jobs run. */
export const operatorRoutes: readonly ApiRoute[] = [
  { method: 'get', path: '/v1/limits', access: 'admin', handler: listLimitsRoute },
  { method: 'post', path: '/v1/limits/:lane/pause', access: 'admin', handler: pauseLaneRoute },
  { method: 'post', path: '/v1/limits/:lane/resume', access: 'admin', handler: resumeLaneRoute },
  { method: 'post', path: '/v1/limits/:lane/pin', access: 'admin', handler: pinLaneRoute },
  { method: 'post', path: '/v1/limits/:lane/unpin', access: 'admin', handler: unpinLaneRoute },
  { method: 'patch', path: '/v1/limits/:lane', access: 'admin', handler: overrideLaneRoute },
  { method: 'delete', path: '/v1/limits/:lane', access: 'admin', handler: resetLaneRoute },
  { method: 'get', path: '/v1/splits', access: 'admin', handler: listSplitsRoute },
  { method: 'patch', path: '/v1/splits/:model', access: 'admin', handler: setSplitRoute },
  {
    method: 'post',
    path: '/v1/splits/:model/rollback',
    access: 'admin',
    handler: rollBackSplitRoute,
  },
  { method: 'post', path: '/v1/splits/:model/resume', access: 'admin', handler: resumeSplitRoute },
  { method: 'post', path: '/v1/splits/:model/reset', access: 'admin', handler: resetSplitRoute },
];
