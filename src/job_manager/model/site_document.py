"""The plain form of a site, and back; the job in it as in model.document.

Knows nothing of JSON text or files.
"""

from __future__ import annotations

from job_manager.model.document import Document, job_document, job_of, kept
from job_manager.model.expect import from_document, to_document
from job_manager.model.site import GivenFile, Installed, Site


def site_document(site: Site) -> Document:
    """The document of a site."""
    return {
        "workdir": site.workdir,
        "store": site.store,
        **kept(
            inputs=[[given.name, given.path, *given.identity] for given in site.inputs],
            modules=[_installed(m) for m in site.modules],
            shelves=list(site.shelves),
            python=site.python,
            slots=site.slots or None,
            loose_types=site.loose_types,
            out=site.out,
            keep_temp=site.keep_temp,
            verify=site.verify,
            split_streams=site.split_streams,
            not_before=site.not_before or None,
            counted=list(site.counted),
            zone=site.zone,
            base=site.base,
            params=dict(site.params),
            template=job_document(site.template) if site.template else None,
            after_jobs=list(site.after_jobs),
            cap=site.cap or None,
        ),
    }


def _installed(module: Installed) -> Document:
    plain = {name: getattr(module, name) for name in Installed.__match_args__}
    plain |= {"env": dict(module.env), "optional": list(module.optional), "allow_empty": list(module.allow_empty)}
    plain["types"] = dict(module.types)
    asked = kept(cpus=plain.pop("cpus"), memory=plain.pop("memory"), limits=dict(plain.pop("limits")))
    asked |= kept(warm=plain.pop("warm"), preload=list(plain.pop("preload")))
    plain["expects"] = {param: to_document(expect) for param, expect in module.expects}
    return plain | asked


def read_site(document: Document) -> Site:
    """The site of a document made by `site_document`."""
    return Site(
        workdir=document["workdir"],
        store=document["store"],
        inputs=tuple(_read_given(*row) for row in document.get("inputs", ())),
        modules=tuple(_read_installed(m) for m in document.get("modules", ())),
        shelves=tuple(document.get("shelves", ())),
        python=document.get("python", ""),
        slots=document.get("slots", 0),
        loose_types=document.get("loose_types", False),
        out=document.get("out", ""),
        keep_temp=document.get("keep_temp", False),
        verify=document.get("verify", False),
        split_streams=document.get("split_streams", False),
        not_before=document.get("not_before", 0.0),
        counted=tuple(document.get("counted", ())),
        zone=document.get("zone", ""),
        base=document.get("base", ""),
        params=tuple(sorted(document.get("params", {}).items())),
        template=job_of(document["template"]) if "template" in document else None,
        after_jobs=tuple(document.get("after_jobs", ())),
        cap=document.get("cap", 0),
    )


def _read_given(name: str, path: str, device: int, inode: int, size: int, mtime_ns: int) -> GivenFile:
    return GivenFile(name, path, (device, inode, size, mtime_ns))


def _read_installed(body: Document) -> Installed:
    env = tuple(sorted(body["env"].items()))
    types = tuple(sorted(body.get("types", {}).items()))
    limits = tuple(sorted(body.get("limits", {}).items()))
    optional, allow_empty = tuple(body["optional"]), tuple(body["allow_empty"])
    expects = tuple((param, from_document(members)) for param, members in body.get("expects", {}).items())
    read = {"env": env, "types": types, "optional": optional, "allow_empty": allow_empty, "expects": expects}
    again: Document = {**body, **read, "limits": limits, "preload": tuple(body.get("preload", ()))}
    return Installed(**again)
