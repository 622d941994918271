"""A Kafka that asks who one is: SASL_SSL with SCRAM and PLAIN, OAUTHBEARER beside it, and ACLs.

The certificates are made here. Whoever holds no right may do nothing; `admin` may do everything.
"""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from c2c_stream.broker.rights import Right
from c2c_stream.settings import KafkaSettings
from tests.kafka import node
from tests.require import require_command

PASSWORD = "adm1n-s3cret"
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
# The controller's listener is open to the node alone, whose name there is ANONYMOUS.
PROPERTIES = f"""
listeners=SASL_SSL://127.0.0.1:{{port}},OAUTH://127.0.0.1:{{other}},\
CONTROLLER://127.0.0.1:{{controller}}
advertised.listeners=SASL_SSL://127.0.0.1:{{port}},OAUTH://127.0.0.1:{{other}}
listener.security.protocol.map=SASL_SSL:SASL_SSL,OAUTH:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_SSL
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={SCRAM} required \
username="admin" password="{PASSWORD}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={SCRAM} required;
listener.name.sasl_ssl.plain.sasl.jaas.config={PLAIN} required user_plain="pla1n-s3cret";
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config={OAUTH} required \
unsecuredLoginStringClaim_sub="node";
ssl.keystore.type=PEM
ssl.keystore.location={{folder}}/node.pem
ssl.truststore.type=PEM
ssl.truststore.location={{folder}}/ca.pem
ssl.client.auth=none
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
"""
_WORD = {"DescribeConfigs": "DESCRIBE_CONFIGS"}


@dataclass(frozen=True)
class Secured:
    """The running node, and the certificate that it is trusted by."""

    address: str
    oauth_address: str
    ca_file: Path

    def settings(self, username: str, password: str, **more: object) -> KafkaSettings:
        """Return the settings of a user."""
        return KafkaSettings.model_validate(
            {
                "security_protocol": "SASL_SSL",
                "username": username,
                "password": password,
                "ca_file": self.ca_file,
                **more,
            }
        )

    def admin(self) -> AdminClient:
        """Return a client that may do everything."""
        return AdminClient({"bootstrap.servers": self.address, **_admin(self.ca_file)})

    def add_user(self, name: str, password: str) -> None:
        """Make a user of both SCRAM mechanisms."""
        admin = self.admin()
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            info = ScramCredentialInfo(mechanism, 4096)
            wish = UserScramCredentialUpsertion(name, info, password.encode())
            for future in admin.alter_user_scram_credentials([wish]).values():
                future.result()

    def grant(self, user: str, rights: Iterable[Right]) -> None:
        """Let a user do this and nothing else."""
        admin = self.admin()
        everything = AclBindingFilter(
            ResourceType.ANY,
            None,  # type: ignore[arg-type]  # any name; the stubs know only of one
            ResourcePatternType.ANY,
            f"User:{user}",
            None,  # type: ignore[arg-type]  # from anywhere
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        for removal in admin.delete_acls([everything]).values():
            removal.result()
        bindings = [_binding(user, right) for right in rights]
        for future in admin.create_acls(bindings).values() if bindings else ():
            future.result()


def _binding(user: str, right: Right) -> AclBinding:
    kinds = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "transactionalId": ResourceType.TRANSACTIONAL_ID,
    }
    return AclBinding(
        kinds[right.resource],
        right.name,
        ResourcePatternType.PREFIXED if right.prefixed else ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation[_WORD.get(right.operation, right.operation.upper())],
        AclPermissionType.ALLOW,
    )


def _admin(ca_file: Path) -> dict[str, str]:
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "admin",
        "sasl.password": PASSWORD,
        "ssl.ca.location": str(ca_file),
    }


@contextmanager
def running(folder: Path) -> Iterator[Secured]:
    """Run the node for the length of the block."""
    _make_certificates(folder)
    ca_file = folder / "ca.pem"
    formatting = ["--add-scram", f"SCRAM-SHA-512=[name=admin,password={PASSWORD}]"]
    with node.running(folder, PROPERTIES, formatting, **_admin(ca_file)) as address:
        listeners = (folder / "server.properties").read_text(encoding="utf-8")
        oauth = listeners.rsplit("OAUTH://", 1)[1].split("\n", 1)[0]
        yield Secured(address, oauth, ca_file)


def _make_certificates(folder: Path) -> None:
    """Make an authority and a node's certificate: PEM, as both sides read it."""
    require_command("openssl")

    def openssl(*arguments: str) -> None:
        subprocess.run(
            ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
        )

    key = ("-newkey", "rsa:2048", "-nodes", "-sha256", "-days", "2")
    openssl(
        *("req", "-x509", *key, "-subj", "/CN=c2c test authority"),
        *("-keyout", "ca.key", "-out", "ca.pem"),
    )
    openssl("req", *key[:3], "-subj", "/CN=127.0.0.1", "-keyout", "node.key", "-out", "node.csr")
    (folder / "san").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
    openssl(
        *("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca.key"),
        *("-CAcreateserial", "-days", "2", "-extfile", "san", "-out", "node.crt"),
    )
    both = (folder / "node.key").read_text() + (folder / "node.crt").read_text()
    (folder / "node.pem").write_text(both)
