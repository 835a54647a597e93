using System.CommandLine;
using Grapnel.Server.Commands;

// The program is its commands; each one lives in a file of its name under Commands/.
var grapnel = new RootCommand("Grapnel delivers webhooks: publish an event once, every subscribed endpoint gets it, signed, until it answers 2xx.")
{
    ServeCommand.Create(),
    DemoCommand.Create(),
    ListenCommand.Create(),
    TriggerCommand.Create(),
    SampleCommand.Create(),
    ExportCommand.Create(),
    ImportCommand.Create(),
    AdminCommand.Create(),
    HealthCommand.Create(),
    MigrateCommand.Create(),
    CopyCommand.Create(),
    BackupCommand.Create(),
    DoctorCommand.Create(),
};

return await CommandRunner.RunAsync(grapnel, args);
