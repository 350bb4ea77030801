. /tmp/apireader/env.sh
cd /tmp/apireader
[ -d model ] || $PY - <<'P'
import sys; sys.path.insert(0,"/work/h/apireader/tests")
from pathlib import Path
from sedpipe.io.models.checkpoints import write_model
from tiny_dataset import untrained_model
import numpy as np, soundfile
Path("model").mkdir(exist_ok=True)
write_model(Path("model/checkpoint.pt"), untrained_model())
rng=np.random.default_rng(0)
Path("in/x").mkdir(parents=True,exist_ok=True)
for n,s,r in (("a.wav",3,1000),("x/a.wav",9,1000),("b.wav",0.05,8000),("c.wav",0.01,8000)):
    soundfile.write(f"in/{n}",rng.normal(0,.1,int(s*r)),r)
P
S="$PY -m sedpipe"
run(){ echo "--- $*"; timeout 100 $S "$@" 2>&1 | tail -${T:-12} | cut -c1-220; }
run predict in --model model --out o1 -q
run predict in --model model --out o1 --format csv -q
run predict in --model model --out o1 --threshold 0.9 -q
run predict in/a.wav in/x/a.wav --model model --out o1 -q
run predict in/x --model model --out o1 -q
find o1 | sort
