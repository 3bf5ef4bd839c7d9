-- The leader ends without anything that the others could have: the first of them to come next leads. They stay noted.
-- KEYS: 1 leader, 2 those that wait
-- ARGV: 1 job id
-- Replies: of each, whom it waits for and where its ticket is (JSON); none where another leads now

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {}
end
redis.call('UNLINK', KEYS[1])
return redis.call('HVALS', KEYS[2])
