namespace Grapnel.Storage;

/// <summary>
/// Keeps secrets unreadable at rest: the catalog stores what it seals, and hands out what it opens. Which columns these are is in <c>Catalog/SealedFields.cs</c>.
/// </summary>
public interface ISecretBox
{
    /// <summary>How many bytes at the beginning of what is sealed tell with which key it was.</summary>
    const int KeyBytes = 20;

    /// <summary>Makes a secret unreadable to whoever has only the store.</summary>
    byte[] Seal(byte[] secret);

    /// <summary>The secret again.</summary>
    /// <exception cref="SecretBoxException">The key that it was sealed with is not there.</exception>
    byte[] Open(byte[] sealedSecret);
}

/// <summary>A secret at rest cannot be read.</summary>
/// <param name="message">Why, and what to do.</param>
/// <param name="cause">What the keys said, if anything.</param>
public sealed class SecretBoxException(string message, Exception? cause = null) : Exception(message, cause);
