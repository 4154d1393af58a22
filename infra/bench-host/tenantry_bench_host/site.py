"""A Frappe site: the folder `sites/<tenant>` and the database `_<tenant>`, made and unmade by bench's own programs."""

import json
import os

from tenantry_bench_host import database, failure, marks
from tenantry_bench_host.outcome import Failed

MINUTE = 60
SCRIPTS = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "scripts")


class Site:
    """The site of a job's tenant."""

    def __init__(self, work):
        self.work, self.configuration, self.name = work, work.configuration, work.name
        self.folder = f"{self.configuration.sites}/{self.name}"

    def stands(self) -> bool:
        return os.path.lexists(self.folder)

    def database_stands(self) -> bool:
        return database.exists(self.configuration, self.work.programs, self.name)

    def bench(self, what: str, command: list[str], within: float, answers=(), app: str = ""):
        """Runs bench as its user, in its folder."""
        ended = self._run([self.configuration.bench["program"], *command], within, answers)
        if ended.status:
            raise failure.of_bench(ended, what, self.configuration.bench["database_root_user"], app)
        return ended

    def with_root(self) -> tuple[list[str], list[tuple[str, str]]]:
        """How bench is told who the database's root is: the name by argument, the password when it asks for it."""
        password = self.configuration.database_password()
        self.work.programs.secrets.append(password)
        user = self.configuration.bench["database_root_user"]
        return ["--db-root-username", user], [(r"(MySQL|MariaDB) root password: ?$", password)]

    def administrator(self) -> list[tuple[str, str]]:
        password = self.work.secrets["administrator"]
        return [
            (r"(Set|Re-enter) Administrator password: ?$", password),
            (rf"Administrator's password for {self.name}: ?$", password),
            # After a failure. We clean up ourselves, where we know what is ours.
            (r"do you want to rollback the site\? \[y/N\]: ?$", "n"),
        ]

    def apps(self, within: float = MINUTE) -> list[str]:
        ended = self.bench("list-apps", ["--site", self.name, "list-apps", "--format", "json"], within)
        try:
            # Frappe may have had something to say before.
            return json.loads(ended.output[ended.output.index("{") :])[self.name]
        except (ValueError, KeyError):
            raise Failed("failed", f"list-apps: {ended.last_lines()}") from None

    def script(self, name: str, data: dict) -> dict:
        """One of our own scripts, in the bench's Python; what it works on is data on its standard input."""
        python = f"{self.configuration.bench['path']}/env/bin/python"
        given = json.dumps(data | {"site": self.name})
        programs, sites = self.work.programs, self.configuration.sites
        ended = programs.run([python, f"{SCRIPTS}/{name}.py"], 10 * MINUTE, as_user=True, folder=sites, given=given)
        if ended.status:
            raise failure.of_bench(ended, name, self.configuration.bench["database_root_user"])
        try:
            said = json.loads(ended.output.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise Failed("failed", f"{name}: {ended.last_lines()}") from None
        if "failure" in said:
            raise Failed(said["failure"], f"{name}: {said['cause']}")
        return said["result"]

    def clear(self) -> None:
        """Leaves nothing of it, whatever state it is in."""
        if self.stands():
            self.remove(self.folder)
        database.drop(self.configuration, self.work.programs, self.name)
        if self.stands() or self.database_stands():
            raise Failed("failed", "the site's folder or its database is still there")

    def remove(self, path: str) -> None:
        """As bench's user: in folders of that user's, root follows no name."""
        self._run(["rm", "-rf", "--", path], 10 * MINUTE)

    def _run(self, command: list[str], within: float, answers=()):
        return self.work.programs.run(command, within, as_user=True, folder=self.configuration.bench["path"], answers=answers)


def new(work) -> dict:
    site, configuration = Site(work), work.configuration
    done = {"site": work.name, "database": database.name_of(work.name)}
    mark = marks.hold(configuration, "site", work.name, work.owner)
    stands, database_stands = site.stands(), site.database_stands()
    if mark is None:
        if stands:
            raise Failed("foreign", f"sites/{work.name} is there, without a mark of ours")
        if database_stands:
            raise Failed("database-exists", f"the database {done['database']} is there, and no site")
        marks.make(configuration, "site", work.name, work.owner)
    elif mark.get("complete") and stands and database_stands:
        return done
    elif mark.get("complete") and (stands or database_stands):
        # Half of what was whole: it may be all that is left of somebody's work.
        gone = "database" if stands else "folder"
        raise Failed("absent", f"the site was made, and its {gone} is gone")
    else:
        site.clear()
    root, answers = site.with_root()
    command = ["new-site", work.name, "--db-name", done["database"], *root]
    site.bench("new-site", command, 30 * MINUTE, answers + site.administrator())
    if not (site.stands() and site.database_stands()):
        raise Failed("failed", "new-site: it said that it is done, and the site is not there")
    marks.note(configuration, "site", work.name, complete=True)
    return done


def install_app(work) -> dict:
    site, app = standing(work), work.input["app"]
    installed = site.apps()
    whole = (marks.read(work.configuration, "site", work.name) or {}).get("apps", [])
    if app not in installed or app not in whole:
        # One that is there and that we did not see ready was broken off in the middle: Frappe would pass it over.
        again = ["--force"] if app in installed else []
        site.bench(f"install-app {app}", ["--site", work.name, "install-app", app, *again], 60 * MINUTE, app=app)
        installed = site.apps()
        if app not in installed:
            raise Failed("failed", f"install-app {app}: it said that it is done, and the app is not there")
        marks.note(work.configuration, "site", work.name, apps=sorted({*whole, app}))
    return {"app": app, "installed": installed}


def configure(work) -> dict:
    site = standing(work)
    return site.script("configure", work.input)


def create_user(work) -> dict:
    site = standing(work)
    return site.script("user", work.input)


def seed(work) -> dict:
    site = standing(work)
    return site.script("seed", work.input)


def drop(work) -> dict:
    site, configuration = Site(work), work.configuration
    mark = marks.hold(configuration, "site", work.name, work.owner)
    if mark is None:
        if site.stands():
            raise Failed("foreign", f"sites/{work.name} is there, without a mark of ours")
        return {}
    archive = f"{configuration.bench['path']}/archived/tenantry-{work.name}"
    # From here on it is half a site, of which nothing has to be kept.
    marks.note(configuration, "site", work.name, complete=False)
    if site.stands() and site.database_stands():
        root, answers = site.with_root()
        flags = ["--no-backup", "--force", "--archived-sites-path", archive]
        try:
            site.bench("drop-site", ["drop-site", work.name, *flags, *root], 20 * MINUTE, answers)
        except Failed as failed:
            if failed.code != "failed":
                raise
            # A site that bench cannot open, it cannot drop: what is left of it goes below.
    # bench has only moved the folder.
    site.remove(archive)
    if os.path.lexists(archive):
        raise Failed("failed", f"{archive} is still there")
    site.clear()
    from tenantry_bench_host import transfer

    transfer.forget_carried(configuration, work.name)
    marks.remove(configuration, "site", work.name)
    return {}


def standing(work) -> Site:
    """The site, which must be there and ours."""
    site = Site(work)
    if marks.hold(work.configuration, "site", work.name, work.owner) is None:
        if site.stands():
            raise Failed("foreign", f"sites/{work.name} is there, without a mark of ours")
        raise Failed("absent", f"there is no site {work.name}")
    if not site.stands():
        raise Failed("absent", f"sites/{work.name} is gone")
    return site
