"""Who signed something: RS256 with the key of a certificate, and the addresses that the certificate is for."""

from __future__ import annotations


def signed_by(certificate: bytes, signing_input: bytes, signature: bytes) -> bool:
    """Whether the RSA key of a certificate (DER) made an RS256 signature; False for whatever cannot be read."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, signing_input, padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def addresses(certificate: bytes) -> tuple[str, ...]:
    """The URIs that a certificate (DER) is for (subject alternative names); nothing where it cannot be read."""
    from cryptography import x509

    try:
        loaded = x509.load_der_x509_certificate(certificate)
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return ()
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))
