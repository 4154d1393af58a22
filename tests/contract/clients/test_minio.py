"""MinIO's own Python client: buckets and what is in them, users, policies, and what is sealed."""

import io
import json

import pytest
import urllib3
from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED, Filter, Tags
from minio.credentials import StaticProvider
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error
from minio.lifecycleconfig import Expiration, LifecycleConfig, NoncurrentVersionExpiration, Rule
from minio.versioningconfig import VersioningConfig

HOST = "minio.e-commerce-shared.svc.cluster.local:9000"
SECRET = "correct horse"


@pytest.fixture
def way(sandbox):
    """The client takes no address with a path, so it is led by a proxy."""
    with urllib3.ProxyManager(sandbox.clouds, retries=False) as way:
        yield way


@pytest.fixture
def minio(sandbox, way):
    return sign_in(way, sandbox.minio["user"], sandbox.minio["password"])


@pytest.fixture
def admin(sandbox, way):
    root = StaticProvider(sandbox.minio["user"], sandbox.minio["password"])
    return MinioAdmin(endpoint=HOST, credentials=root, secure=False, http_client=way)


@pytest.fixture
def bucket(minio, owner):
    minio.make_bucket(owner)
    minio.set_bucket_versioning(owner, VersioningConfig(ENABLED))
    return owner


def sign_in(way, user, password):
    return Minio(HOST, access_key=user, secret_key=password, secure=False, http_client=way)


def put(client, bucket, key, text):
    return client.put_object(bucket, key, io.BytesIO(text.encode()), len(text), "text/plain")


def get(client, bucket, key, **more):
    answer = client.get_object(bucket, key, **more)
    try:
        return answer.data.decode()
    finally:
        answer.close()


def refusal(call, *arguments, **more) -> str:
    with pytest.raises(S3Error) as raised:
        call(*arguments, **more)
    return raised.value.code


def test_a_bucket_has_a_mark_and_is_made_once(minio, bucket, sandbox):
    tags = Tags(for_object=False)
    tags["tenantry_owner"] = f"demo/{bucket}"
    minio.set_bucket_tags(bucket, tags)
    assert minio.get_bucket_tags(bucket) == tags
    assert refusal(minio.make_bucket, bucket) == "BucketAlreadyOwnedByYou"
    assert sandbox.kinds_of(f"demo/{bucket}") == ["bucket"]


def test_versions_outlive_what_hides_them(minio, bucket):
    first = put(minio, bucket, "a b/ä", "one")
    put(minio, bucket, "a b/ä", "two")
    assert get(minio, bucket, "a b/ä") == "two"
    minio.remove_object(bucket, "a b/ä")
    assert refusal(minio.get_object, bucket, "a b/ä") == "NoSuchKey"
    assert get(minio, bucket, "a b/ä", version_id=first.version_id) == "one"
    versions = list(minio.list_objects(bucket, recursive=True, include_version=True))
    assert sorted(it.is_delete_marker for it in versions) == [False, False, True]
    assert refusal(minio.remove_bucket, bucket) == "BucketNotEmpty"
    doomed = [DeleteObject(it.object_name, it.version_id) for it in versions]
    assert list(minio.remove_objects(bucket, doomed)) == []
    minio.remove_bucket(bucket)
    assert not minio.bucket_exists(bucket)


def test_a_listing_has_folders_and_parts(minio, bucket):
    for key in ("a", "folder/b", "folder/c", "z"):
        put(minio, bucket, key, key)
    shown = [(it.object_name, it.is_dir) for it in minio.list_objects(bucket)]
    assert sorted(shown) == [("a", False), ("folder/", True), ("z", False)]
    assert [it.object_name for it in minio.list_objects(bucket, recursive=True)] == ["a", "folder/b", "folder/c", "z"]


def test_both_kinds_of_forgetting_are_two_rules(minio, bucket):
    def rule(name, **more):
        return Rule(ENABLED, rule_filter=Filter(prefix=""), rule_id=name, **more)

    old = rule("old", noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=30))
    marks = rule("marks", expiration=Expiration(expired_object_delete_marker=True))
    minio.set_bucket_lifecycle(bucket, LifecycleConfig([old, marks]))
    assert [it.rule_id for it in minio.get_bucket_lifecycle(bucket).rules] == ["old", "marks"]


def test_what_is_public_is_read_without_a_key(minio, bucket, way):
    put(minio, bucket, "public/logo", "x")
    put(minio, bucket, "private", "x")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["*"]},
        "Action": ["s3:GetObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/public/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    minio.set_bucket_policy(bucket, json.dumps(policy))
    assert json.loads(minio.get_bucket_policy(bucket)) == policy
    anybody = Minio(HOST, secure=False, http_client=way)
    assert get(anybody, bucket, "public/logo") == "x"
    assert refusal(anybody.get_object, bucket, "private") == "AccessDenied"
    statement["Principal"] = {"AWS": [f"arn:aws:iam::*:user/{bucket}"]}
    assert refusal(minio.set_bucket_policy, bucket, json.dumps(policy)) == "MalformedPolicy"


def test_a_user_reaches_what_its_policy_says(minio, admin, bucket, way):
    admin.user_add(bucket, SECRET)
    user = sign_in(way, bucket, SECRET)
    assert refusal(put, user, bucket, "a", "x") == "AccessDenied", "without a policy it can do nothing"
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetBucketLocation", "s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket}"]},
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": [f"arn:aws:s3:::{bucket}/*"]},
    ]
    admin.policy_add(bucket, policy={"Version": "2012-10-17", "Statement": statements})
    attached = json.loads(admin.attach_policy([bucket], user=bucket))
    assert attached["policiesAttached"] == [bucket], "the answer is sealed, and the client opens it"
    with pytest.raises(MinioAdminException, match="XMinioAdminPolicyChangeAlreadyApplied"):
        admin.attach_policy([bucket], user=bucket)
    put(user, bucket, "a", "x")
    assert get(user, bucket, "a") == "x"
    assert [it.object_name for it in user.list_objects(bucket)] == ["a"]
    minio.make_bucket(f"{bucket}-other")
    assert refusal(user.get_object, f"{bucket}-other", "a") == "AccessDenied"
    assert json.loads(admin.user_info(bucket))["policyName"] == bucket
    assert json.loads(admin.user_list())[bucket]["status"] == "enabled"
    with pytest.raises(MinioAdminException, match="XMinioIAMPolicyInUse"):
        admin.policy_remove(bucket)
    admin.user_remove(bucket)
    admin.policy_remove(bucket)
    assert refusal(get, user, bucket, "a") == "InvalidAccessKeyId"
    with pytest.raises(MinioAdminException, match="XMinioAdminNoSuchUser"):
        admin.user_info(bucket)


def test_a_policy_must_fit_its_resources(admin, owner):
    statement = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{owner}/*"]}
    with pytest.raises(MinioAdminException, match="XMinioMalformedIAMPolicy"):
        admin.policy_add(owner, policy={"Version": "2012-10-17", "Statement": [statement]})
