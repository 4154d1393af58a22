"""The five asks, and who answers each."""

from tenantry_bench_host import marks


def answer(configuration, asked: dict) -> dict:
    ask = asked["ask"]
    if ask == "list":
        return {"list": marks.part(configuration, asked["of"], asked["after"])}
    if ask == "look":
        from tenantry_bench_host import looks

        return {"look": looks.look(configuration, asked["at"], asked["name"])}
    if ask == "run":
        from tenantry_bench_host import jobs

        return {"job": jobs.run(configuration, asked)}
    from tenantry_bench_host import transfer

    if ask == "read":
        return {"part": transfer.read(configuration, asked)}
    return {"written": transfer.write(configuration, asked)}
