"""The commands of a site, with the options that Frappe 15 knows."""

import argparse
import getpass
import json
import os
import shutil
import sys
import traceback

import frappe
from frappe import installer, stand_in
from frappe.exceptions import SiteNotSpecifiedError
from frappe.utils import now
from frappe.utils.password import update_password


def main(words: list[str]) -> int:
    arguments = parser().parse_args(words)
    if arguments.command not in ("new-site", "drop-site"):
        if not arguments.of:
            raise SiteNotSpecifiedError
        arguments.site = arguments.of
    frappe.init(arguments.site, new_site=arguments.command == "new-site")
    if arguments.command != "new-site":
        frappe.connect()
    try:
        return COMMANDS[arguments.command](arguments) or 0
    finally:
        frappe.destroy()


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="bench", allow_abbrev=False)
    top.add_argument("--site", dest="of")
    top.add_argument("--verbose", action="store_true")
    commands = top.add_subparsers(dest="command", required=True)

    def command(name: str, *options: str, root: bool = False, flags=()):
        one = commands.add_parser(name, allow_abbrev=False)
        if root:
            one.add_argument("--db-root-username", "--mariadb-root-username", "--root-login")
            one.add_argument("--db-root-password", "--mariadb-root-password", "--root-password")
        for option in options:
            one.add_argument(option)
        for flag in flags:
            one.add_argument(flag, action="store_true")
        return one

    new = command(
        "new-site", "site", "--db-name", "--db-password", "--db-type", "--db-host", "--db-port", "--db-socket", "--db-user",
        "--mariadb-user-host-login-scope", "--admin-password", "--source-sql", root=True,
        flags=("--no-mariadb-socket", "--verbose", "--force", "--set-default", "--setup-db", "--no-setup-db"),
    )  # fmt: skip
    new.add_argument("--install-app", action="append", default=[])
    command("drop-site", "site", "--archived-sites-path", root=True, flags=("--no-backup", "--force"))
    command("install-app", flags=("--force",)).add_argument("apps", nargs="*")
    command("list-apps").add_argument("--format", "-f", choices=("text", "json"), default="text")
    command("set-config", "key", "value", flags=("--global", "-g", "--parse", "-p", "--as-dict"))
    command("set-maintenance-mode").add_argument("state", choices=("on", "off"))
    command("migrate", flags=("--skip-failing", "--skip-search-index"))
    command("scheduler").add_argument("state", choices=("pause", "resume", "disable", "enable"))
    command(
        "backup", "--backup-path", "--backup-path-db", "--backup-path-files", "--backup-path-private-files", "--backup-path-conf",
        flags=("--with-files", "--compress", "--verbose", "--ignore-backup-conf", "--old-backup-metadata"),
    )  # fmt: skip
    command(
        "restore", "sql_file_path", "--db-name", "--admin-password", "--with-public-files", "--with-private-files",
        "--encryption-key", root=True, flags=("--force",),
    )  # fmt: skip
    command("set-admin-password", flags=("--logout-all-sessions",)).add_argument("password", nargs="?")
    command("set-password", "user", flags=("--logout-all-sessions",)).add_argument("password", nargs="?")
    return top


def new_site(arguments) -> int:
    try:
        installer.new_site(arguments.site, arguments)
        return 0
    except Exception:
        traceback.print_exc()
        # Who has a terminal is asked; everybody else keeps what is half made.
        if sys.__stdin__.isatty() and input("Site creation failed, do you want to rollback the site? [y/N]: ") == "y":
            root = installer.root_connection(arguments)
            installer.drop_user_and_database(root, frappe.conf.db_name)
            shutil.rmtree(frappe.local.site_path)
        return 1


def install_app(arguments) -> int:
    status = 0
    with installer.filelock("install_app"):
        for app in arguments.apps:
            try:
                installer.install_app(app, arguments.force)
            except Exception as error:
                print(f"An error occurred while installing {app}: {error}\n{traceback.format_exc()}")
                status = 1
        if not status:
            frappe.db.commit()
    return status


def list_apps(arguments) -> None:
    rows = frappe.get_single("Installed Applications").installed_applications
    if arguments.format == "json":
        print(json.dumps({arguments.site: [row.app_name for row in rows]}))
        return
    widths = [max(len(row[column]) for row in rows) for column in ("app_name", "app_version")]
    for row in rows:
        print(f"{row.app_name:{widths[0]}} {row.app_version:{widths[1]}} {row.git_branch}")


def set_config(arguments) -> None:
    value = json.loads(arguments.value) if arguments.parse or arguments.p else arguments.value
    common = os.path.join(frappe.local.sites_path, "common_site_config.json")
    installer.update_site_config(arguments.key, value, common if getattr(arguments, "global") or arguments.g else None)


def set_maintenance_mode(arguments) -> None:
    installer.update_site_config("maintenance_mode", int(arguments.state == "on"))


def migrate(arguments) -> None:
    print(f"Migrating {arguments.site}")
    for app in frappe.get_installed_apps():
        installer.create_tables(app, again=True)
        stand_in.work(f"Updating DocTypes for {app}", stand_in.seconds("migrate"))


def scheduler(arguments) -> None:
    if arguments.state in ("pause", "resume"):
        installer.update_site_config("pause_scheduler", int(arguments.state == "pause"))
    else:
        frappe.db.set_single_value("System Settings", "enable_scheduler", int(arguments.state == "enable"))
        frappe.db.commit()
    print(f"Scheduler {arguments.state}d for site {arguments.site}")


def backup(arguments) -> int:
    try:
        how = stand_in.failure("backup")
        stand_in.work("Backing up", stand_in.seconds("backup"), how, f"./{arguments.site}/private/backups")
        folder = arguments.backup_path or frappe.get_site_path("private/backups")
        options = {"Config": "conf", "Database": "db", "Public": "files", "Private": "private_files"}
        given = {part: getattr(arguments, f"backup_path_{option}") for part, option in options.items()}
        parts = installer.back_up(arguments.site, folder, arguments.with_files, arguments.compress, given)
    except Exception:
        print(f"Backup failed for Site {arguments.site}. Database or site_config.json may be corrupted")
        print(traceback.format_exc())
        return 1
    print(f"Backup Summary for {arguments.site} at {now()}")
    for part, path in parts.items():
        print(f"{part:8}: {os.path.abspath(path)} {os.path.getsize(path) / 1024:.1f}KiB")
    files = " with files" if arguments.with_files else ""
    print(f"Backup for Site {arguments.site} has been successfully completed{files}")
    return 0


def restore(arguments) -> int:
    try:
        with installer.filelock("site_restore"):
            installer.restore(arguments.site, arguments)
        return 0
    except Exception as error:
        print(error)
        return 1


def set_password(arguments) -> int:
    user = getattr(arguments, "user", "Administrator")
    password = arguments.password
    while not password:
        password = getpass.getpass(f"{user}'s password for {arguments.site}: ")
    if not frappe.db.exists("User", user):
        print(f"User {user} does not exist")
        return 1
    update_password(user, password)
    frappe.db.commit()
    return 0


COMMANDS = {
    "new-site": new_site,
    "drop-site": lambda arguments: installer.drop_site(arguments.site, arguments),
    "install-app": install_app,
    "list-apps": list_apps,
    "set-config": set_config,
    "set-maintenance-mode": set_maintenance_mode,
    "migrate": migrate,
    "scheduler": scheduler,
    "backup": backup,
    "restore": restore,
    "set-admin-password": set_password,
    "set-password": set_password,
}
