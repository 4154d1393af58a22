"""A site is made, gets apps, and goes: with the prompts, the messages and the half-done things of the real one."""

import fcntl
import getpass
import gzip
import importlib
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import frappe
from frappe import stand_in
from frappe.database import MariaDBDatabase
from frappe.exceptions import LockTimeoutError
from frappe.schema import DOCTYPES, ROLES, ROLES_OF_APPS, TABLES
from frappe.utils import now
from frappe.utils.password import update_password


def new_site(site: str, arguments) -> None:
    if site in frappe.get_all_apps():
        print(f"Your bench has an app called {site}, please choose another name for the site.")
        sys.exit(1)
    if not arguments.force and os.path.exists(site):
        print(f"Site {site} already exists, use `--force` to proceed anyway")
        sys.exit(1)
    db_name = arguments.db_name or f"_{frappe.generate_hash(length=16)}"
    for folder in ("private/backups", "private/files", "public/files", "locks", "logs"):
        os.makedirs(frappe.get_site_path(folder), exist_ok=True)
    with filelock("bench_new_site"):
        make_site_config(db_name, arguments.db_password)
        frappe.init(site)
        how = stand_in.failure("new-site")
        set_up_database(arguments, how)
        frappe.connect()
        print("\nInstalling frappe...", flush=True)
        create_tables("frappe")
        stand_in.work("Updating DocTypes for frappe", stand_in.seconds("new-site"), how, f"./{site}/site_config.json")
        first_documents(arguments.admin_password)
        add_installed("frappe")
        frappe.db.commit()
        print("Updating Dashboard for frappe")
    for app in arguments.install_app:
        install_app(app)
    frappe.db.commit()
    print("*** Scheduler is disabled ***")


def make_site_config(db_name: str, db_password: str | None) -> None:
    file = frappe.get_site_path("site_config.json")
    if not os.path.exists(file):
        password = db_password or frappe.generate_hash(length=16)
        key = frappe.generate_hash(length=44)
        write_json(file, {"db_name": db_name, "db_password": password, "db_type": "mariadb", "encryption_key": key})


def set_up_database(arguments, how: str | None = None) -> None:
    """A database and a user of the same name, by whoever may make them."""
    conf = frappe.conf
    root = root_connection(arguments, how)
    try:
        there = (conf.db_name,) in root.sql("SHOW DATABASES")
        if how == "exists" or there and not arguments.force:
            raise Exception(f"Database {conf.db_name} already exists")
        drop_user_and_database(root, conf.db_name)
        root.sql(f"CREATE USER '{conf.db_name}'@'{user_host(root)}' IDENTIFIED BY %s", (conf.db_password,))
        root.sql(f"CREATE DATABASE `{conf.db_name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        root.sql(f"GRANT ALL PRIVILEGES ON `{conf.db_name}`.* TO '{conf.db_name}'@'{user_host(root)}'")
    finally:
        root.close()


def root_connection(arguments, how: str | None = None) -> MariaDBDatabase:
    conf = frappe.conf
    user = arguments.db_root_username or conf.root_login or "root"
    password = arguments.db_root_password or conf.root_password or getpass.getpass("MySQL root password: ")
    root = MariaDBDatabase(user, password, None, conf.db_host or "127.0.0.1", conf.db_port or 3306)
    if how == "access-denied":
        stand_in.fail(how, user=user)
    root.sql("SELECT 1")
    return root


def user_host(root: MariaDBDatabase) -> str:
    return root.sql("SELECT USER()")[0][0].split("@")[1]


def drop_user_and_database(root: MariaDBDatabase, db_name: str) -> None:
    root.sql(f"DROP USER IF EXISTS '{db_name}'@'{user_host(root)}'")
    root.sql(f"DROP DATABASE IF EXISTS `{db_name}`")


def create_tables(app: str, again: bool = False) -> None:
    if app == "frappe" and not again:
        for table in TABLES:
            frappe.db.sql(table)
    for name, meta in DOCTYPES.items():
        # An attempt that broke off has left some.
        if meta.app == app and not meta.single and not frappe.db.table_exists(name):
            frappe.db.sql(meta.table(name))


def first_documents(admin_password: str | None) -> None:
    add_roles(ROLES)
    for user in ("Administrator", "Guest"):
        fields = {"email": user, "first_name": user, "send_welcome_email": 0}
        frappe.new_doc("User", name=user, **fields, roles=[{"role": user}]).insert()
    for single in ("System Settings", "Website Settings"):
        frappe.get_doc(single).save()
    update_password("Administrator", admin_password or frappe.conf.admin_password or ask_admin_password())


def ask_admin_password() -> str:
    while True:
        password = getpass.getpass("Set Administrator password: ")
        if password == getpass.getpass("Re-enter Administrator password: "):
            return password
        print("\nPasswords do not match")


def add_roles(roles) -> None:
    for role in roles:
        frappe.new_doc("Role", role_name=role).insert(ignore_if_duplicate=True)


def install_app(name: str, force: bool = False) -> None:
    try:
        importlib.import_module(f"{name}.hooks")
    except ImportError as error:
        print(f'Could not find app "{name}": \n{error}')
        raise
    if name not in frappe.get_all_apps():
        raise Exception(f"App {name} not in apps.txt")
    if name in frappe.get_installed_apps() and not force:
        print(f"App {name} already installed")
        return
    how = stand_in.failure("install-app", name)
    print(f"\nInstalling {name}...", flush=True)
    if how == "exists":
        raise frappe.DuplicateEntryError("Module Def", name)
    create_tables(name)
    length, path = stand_in.seconds("install-app", name), f"./{frappe.local.site}/locks"
    stand_in.work(f"Updating DocTypes for {name}", length / 2)
    # As the real one: from here on it counts as installed, and is not yet.
    add_installed(name)
    frappe.db.commit()
    stand_in.work(f"Updating customizations for {name}", length / 2, how, path)
    add_roles(ROLES_OF_APPS.get(name, ()))
    for single in (doctype for doctype, meta in DOCTYPES.items() if meta.app == name and meta.single):
        for field in DOCTYPES[single].columns():
            frappe.db.set_single_value(single, field, DOCTYPES[single].default(field))
    print(f"Updating Dashboard for {name}")


def add_installed(name: str) -> None:
    if name in frappe.get_installed_apps():
        return
    version = importlib.import_module(name).__version__
    applications = frappe.get_single("Installed Applications")
    applications.append("installed_applications", {"app_name": name, "app_version": version, "git_branch": "version-15"})
    applications.save()
    frappe.db.sql("DELETE FROM `tabDefaultValue` WHERE `defkey` = 'installed_apps'")
    apps = json.dumps(frappe.get_installed_apps())
    query = "INSERT INTO `tabDefaultValue` (`name`, `creation`, `defkey`, `defvalue`, `parent`) VALUES (%s, %s, %s, %s, %s)"
    frappe.db.sql(query, (frappe.generate_hash(length=10), now(), "installed_apps", apps, "__global"))


def drop_site(site: str, arguments) -> None:
    how = stand_in.failure("drop-site")
    if not arguments.no_backup:
        print(f"Taking backup of {site}")
        back_up(site, frappe.get_site_path("private/backups"), with_files=True)
    print("Dropping site database and user")
    root = root_connection(arguments, how)
    try:
        drop_user_and_database(root, frappe.conf.db_name)
    finally:
        root.close()
    stand_in.work("Dropping", stand_in.seconds("drop-site"), how, f"./{site}")
    archive = os.path.realpath(arguments.archived_sites_path or stand_in.bench() / "archived/sites")
    print(f"Moving site to archive under {archive}")
    os.makedirs(archive, exist_ok=True)
    target, count = os.path.join(archive, site), 0
    while os.path.exists(target + str(count or "")):
        count += 1
    shutil.move(frappe.local.site_path, target + str(count or ""))


def back_up(site: str, folder: str, with_files: bool, compress: bool = False, given: dict | None = None) -> dict[str, str]:
    """Where the parts are now: as they are called by time and site, or where each was told to go."""
    os.makedirs(folder, exist_ok=True)
    stem = os.path.join(folder, f"{now()[:19].replace('-', '').replace(' ', '_').replace(':', '')}-{site.replace('.', '_')}")
    given = given or {}
    parts = {
        "Config": given.get("Config") or f"{stem}-site_config_backup.json",
        "Database": given.get("Database") or f"{stem}-database.sql.gz",
    }
    shutil.copyfile(frappe.get_site_path("site_config.json"), parts["Config"])
    with gzip.open(parts["Database"], "wt") as file:
        file.writelines(dump())
    if with_files:
        ending = "tgz" if compress else "tar"
        for part, source, name in (("Public", "public", "files"), ("Private", "private", "private-files")):
            parts[part] = given.get(part) or f"{stem}-{name}.{ending}"
            pack = ["tar", "-czf" if compress else "-cf", parts[part], os.path.join(frappe.local.site_path, source, "files")]
            subprocess.run(pack, check=True)
    return parts


def dump():
    """All tables as SQL, a statement a line."""
    yield "-- MariaDB dump: the stand-in's own\n"
    connection = frappe.db.connection
    for (table,) in frappe.db.sql("SHOW TABLES"):
        yield f"DROP TABLE IF EXISTS `{table}`;\n"
        yield " ".join(frappe.db.sql(f"SHOW CREATE TABLE `{table}`")[0][1].split("\n")) + ";\n"
        for row in frappe.db.sql(f"SELECT * FROM `{table}`"):
            yield f"INSERT INTO `{table}` VALUES ({', '.join(map(connection.escape, row))});\n"


def restore(site: str, arguments) -> None:
    file = arguments.sql_file_path
    if not os.path.exists(file):
        print(f"File {file} not found.")
        sys.exit(1)
    with gzip.open(file, "rt") if file.endswith(".gz") else open(file) as source:
        statements = [line for line in source if not line.startswith("--")]
    if not statements:
        print("Empty database backup file")
        sys.exit(1)
    if not any("`tabDefaultValue`" in line for line in statements):
        print("Table `tabDefaultValue` not found in file.")
        sys.exit(1)
    arguments.force = True
    how = stand_in.failure("restore")
    set_up_database(arguments, how)
    frappe.connect()
    print("Restoring Database file...", flush=True)
    for statement in statements:
        frappe.db.connection.query(statement)
    stand_in.work("Restoring", stand_in.seconds("restore"), how, f"./{site}")
    if arguments.admin_password:
        update_password("Administrator", arguments.admin_password)
    frappe.db.commit()
    for archive in filter(None, (arguments.with_public_files, arguments.with_private_files)):
        subprocess.run(["tar", "-xf", os.path.abspath(archive), "--strip-components", "2"], cwd=frappe.local.site_path, check=True)
    files = " with files" if arguments.with_public_files or arguments.with_private_files else ""
    print(f"Site {site} has been restored{files}")


def update_site_config(key: str, value, file: str | None = None) -> None:
    """As the real one: not in one piece, and whoever reads meanwhile may find half of it."""
    file = file or frappe.get_site_path("site_config.json")
    config = frappe.get_file_json(file)
    if value in ("0", "1"):
        value = int(value)
    value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if value == "None":
        config.pop(key, None)
    else:
        config[key] = value
    write_json(file, config)


def write_json(file: str, config: dict) -> None:
    with open(file, "w") as opened:
        opened.write(json.dumps(config, indent=1, sort_keys=True))


@contextmanager
def filelock(name: str):
    with open(frappe.get_site_path("locks", f"{name}.lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockTimeoutError(f"Lock '{name}' of {frappe.local.site} is held by another process") from None
        yield
