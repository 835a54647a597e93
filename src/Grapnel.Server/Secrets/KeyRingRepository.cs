using System.Xml.Linq;
using Grapnel.Server.Hosting;
using Grapnel.Storage;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Grapnel.Server.Secrets;

/// <summary>
/// Keeps the key ring in a folder or in the store. Either way it survives restarts, and all nodes share it. What a store has from before there was a folder moves
/// there.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="folder">The folder, or null for the store.</param>
internal sealed class KeyRingRepository(IConsoleStore store, string? folder) : IXmlRepository
{
    // Data Protection asks rarely, once a day and at the first use, and knows no asynchronous way.
    public IReadOnlyCollection<XElement> GetAllElements()
    {
        var stored = store.ReadKeyRingAsync(CancellationToken.None).GetAwaiter().GetResult();
        if (folder is null)
            return [.. stored.Select(entry => XElement.Parse(entry.Xml))];
        foreach (var entry in stored)
        {
            Write(entry.Name, entry.Xml);
            store.RemoveKeyRingEntryAsync(entry.Name, CancellationToken.None).GetAwaiter().GetResult();
        }
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.xml").Select(file => XElement.Load(file))] : [];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        var xml = element.ToString(SaveOptions.DisableFormatting);
        if (folder is null)
            store.StoreKeyRingEntryAsync(new KeyRingEntry(friendlyName, xml), CancellationToken.None).GetAwaiter().GetResult();
        else
            Write(friendlyName, xml);
    }

    // Whole or not at all, and for nobody else to read. On Windows the folder's own rights hold.
    private void Write(string name, string xml)
    {
        if (!OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        else
            Directory.CreateDirectory(folder!);
        var temporary = Path.Combine(folder!, $"{name}.{Environment.ProcessId}.new");
        using (var file = OwnerFile.Open(temporary, FileMode.Create))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(xml));
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, Path.Combine(folder!, name + ".xml"), overwrite: true);
    }
}
