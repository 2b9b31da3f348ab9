import sys; sys.path[:0]=['/tmp/h-sim/src','/tmp/h-sim']
import sys, time
from tests.sim.world import World
a,b=int(sys.argv[1]),int(sys.argv[2])
t=time.process_time()
bad={}
for s in range(a,b):
    w=World(s); import faulthandler; faulthandler.dump_traceback_later(8,exit=True); print(s,end=' ',flush=True) if len(sys.argv)>3 else 0
    try: w.run()
    except BaseException as x:
        if isinstance(x,KeyboardInterrupt): raise
        bad[s]=f"{type(x).__name__}: {x}"[:200]
        if len(sys.argv)>3:
            print("\n".join(w.story[-60:])); import traceback; traceback.print_exc()
print(f"{(time.process_time()-t)/(b-a)*1000:.1f} ms per seed, {len(bad)} bad")
for s in list(bad)[:25]: print(s,bad[s])
