-- Notes that all rows of the lane have been walked, unless someone came to doubt it meanwhile.
-- ARGV: the mark under which lanes are complete, and the doubts there were when the walk began.
if (redis.call('HGET', KEYS[1], 'doubts') or '0') ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[1], 'mark', ARGV[1])
return 1
