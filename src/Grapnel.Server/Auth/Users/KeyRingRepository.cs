using System.Xml.Linq;
using Grapnel.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Grapnel.Server.Auth.Users;

/// <summary>Keeps the keys that protect cookies and forms in the store: they survive restarts, and all nodes share them.</summary>
internal sealed class KeyRingRepository(IConsoleStore store) : IXmlRepository
{
    // Data Protection asks rarely, once a day and at the first use, and knows no asynchronous way.
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. store.ReadKeyRingAsync(CancellationToken.None).GetAwaiter().GetResult().Select(entry => XElement.Parse(entry.Xml))];

    public void StoreElement(XElement element, string friendlyName) =>
        store.StoreKeyRingEntryAsync(
            new KeyRingEntry(friendlyName, element.ToString(SaveOptions.DisableFormatting)), CancellationToken.None).GetAwaiter().GetResult();
}
