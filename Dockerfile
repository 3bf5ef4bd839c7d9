# Sluice in one image: `sluice api`, `sluice worker`, `sluice simulator`. It needs a Redis (REDIS_URL).
# There is no build step: Node.js strips the types.
FROM node:24-slim

# pnpm's platform package is a plain binary; its version is the one of tools/pnpm.
COPY tools/pnpm/ /tmp/pnpm/
RUN cd /tmp/pnpm \
    && npm install --ignore-scripts --no-audit --no-fund \
    && mv node_modules/@pnpm/exe.*/pnpm /usr/local/bin/pnpm \
    && rm -rf /tmp/pnpm /root/.npm

WORKDIR /app

COPY . .

# Only the apps and what they import; the store stays in the build cache, not in the image.
RUN --mount=type=cache,target=/pnpm-store \
    CI=1 pnpm --store-dir /pnpm-store install --prod --frozen-lockfile --trust-lockfile \
      --filter '{./apps/*}...' \
    && mkdir /data \
    && chown node:node /data

ENV NODE_ENV=production \
    SLUICE_HOST=0.0.0.0 \
    SLUICE_DATA_DIR=/data

# Nothing below /app is written: the root file system may be read-only. /data holds files and batches.
VOLUME /data
USER node
EXPOSE 8080
ENTRYPOINT ["node", "apps/cli/src/main.ts"]
CMD ["api"]
