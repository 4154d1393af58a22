"""Which function does which task."""

from tenantry_bench_host import certificate, nginx, site, transfer

TASKS = {
    "new-site": site.new,
    "install-app": site.install_app,
    "configure-site": site.configure,
    "create-user": site.create_user,
    "seed-data": site.seed,
    "drop-site": site.drop,
    "back-up": transfer.back_up,
    "restore": transfer.restore,
    "serve": nginx.serve,
    "withdraw": nginx.withdraw,
    "issue-certificate": certificate.issue,
    "delete-certificate": certificate.delete,
}
