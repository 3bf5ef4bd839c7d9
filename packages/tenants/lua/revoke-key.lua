-- Ends a key for ever. Its record stays for a while, for who asks what became of it.
-- KEYS: 1 key
-- ARGV: 1 now (epoch ms), 2 time the record is kept (ms)
-- Replies: 1 revoked now or before, 0 not there

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end
if redis.call('HSETNX', KEYS[1], 'revokedAt', ARGV[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
